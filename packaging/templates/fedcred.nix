# nix-build -E 'with import <nixpkgs> {}; callPackage ./fedcred.nix {}'
{ lib, stdenv, fetchurl, autoPatchelfHook, krb5 }:

let
  archives = {
    x86_64-linux = {
      target = "x86_64-unknown-linux-gnu";
      sha256 = "@SHA256:x86_64-unknown-linux-gnu.tar.gz@";
    };
    aarch64-linux = {
      target = "aarch64-unknown-linux-gnu";
      sha256 = "@SHA256:aarch64-unknown-linux-gnu.tar.gz@";
    };
  };
  archive = archives.${stdenv.hostPlatform.system};
in
stdenv.mkDerivation rec {
  pname = "fedcred";
  version = "@VERSION@";
  src = fetchurl {
    url = "@URL@/fedcred-${version}-${archive.target}.tar.gz";
    inherit (archive) sha256;
  };
  nativeBuildInputs = [ autoPatchelfHook ];
  # Loaded for logins by Kerberos, so the hook has to be told.
  runtimeDependencies = [ krb5 ];
  installPhase = ''
    mkdir -p $out
    cp -r bin libexec lib share $out/
  '';
  # The small program is linked statically, both are stripped.
  dontStrip = true;
  meta = {
    description = "Short-lived AWS credentials from an enterprise or workload identity";
    homepage = "@REPOSITORY@";
    license = with lib.licenses; [ asl20 mit ];
    platforms = builtins.attrNames archives;
    mainProgram = "fedcred";
  };
}
