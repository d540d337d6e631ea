#!/bin/sh
# Installs fedcred @VERSION@ for this machine below a folder: the programs, manual, completions and licences of its archive.
#
#   sh install.sh [FOLDER]       FOLDER: ~/.local by default
#   FEDCRED_RELEASE=PLACE        a folder or URL that holds the release's files, in place of @URL@
#
# Nothing is unpacked before the release's signature of the checksums has been verified, by minisign, rsign or OpenSSL 3.
set -eu
version=@VERSION@
release=${FEDCRED_RELEASE:-@URL@}
key=@KEY@
folder=${1:-$HOME/.local}

fail() {
  echo "install.sh: $*" >&2
  exit 1
}

case $(uname -s)-$(uname -m) in
  Linux-x86_64) target=x86_64-unknown-linux-gnu ;;
  Linux-aarch64) target=aarch64-unknown-linux-gnu ;;
  Darwin-arm64) target=aarch64-apple-darwin ;;
  Darwin-x86_64) target=x86_64-apple-darwin ;;
  *) fail "there is no archive for $(uname -s) on $(uname -m)" ;;
esac
# Without GNU's C library (Alpine), the static build: all but Kerberos.
case $target in
  x86_64-unknown-linux-gnu) [ -e /lib64/ld-linux-x86-64.so.2 ] || target=x86_64-unknown-linux-musl ;;
  aarch64-unknown-linux-gnu) [ -e /lib/ld-linux-aarch64.so.1 ] || fail "there is no archive for aarch64 without GNU's C library" ;;
esac
archive=fedcred-$version-$target.tar.gz

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fetch() {
  case $release in
    https://*) curl -fsSL --proto '=https' -o "$work/$1" "$release/$1" ;;
    *) cp "$release/$1" "$work/$1" ;;
  esac || fail "cannot get $1 from $release"
}

# A signature of minisign's: two bytes of the algorithm, eight of the key's name, 64 of Ed25519 over the BLAKE2b of the file; and
# a key: the same two and eight, then 32 of Ed25519, which OpenSSL reads behind the twelve bytes that say so (RFC 8410).
verify_by_openssl() {
  sed -n 2p "$1.minisig" | base64 -d >"$work/signature" || return 1
  printf '%s' "$key" | base64 -d >"$work/key" || return 1
  [ "$(head -c 2 "$work/signature")" = ED ] || return 1
  [ "$(head -c 10 "$work/signature" | tail -c 8 | od -An -tx1)" = "$(head -c 10 "$work/key" | tail -c 8 | od -An -tx1)" ] || return 1
  { printf '\060\052\060\005\006\003\053\145\160\003\041\000'; tail -c 32 "$work/key"; } >"$work/key.der"
  tail -c 64 "$work/signature" >"$work/signature.raw"
  openssl dgst -blake2b512 -binary "$1" >"$work/digest" &&
    openssl pkeyutl -verify -pubin -keyform DER -inkey "$work/key.der" -rawin -in "$work/digest" -sigfile "$work/signature.raw" >/dev/null 2>&1
}

verify() {
  if command -v minisign >/dev/null; then
    minisign -Vqm "$1" -P "$key"
  elif command -v rsign >/dev/null; then
    rsign verify -q -P "$key" "$1"
  elif command -v openssl >/dev/null && openssl version | grep -q '^OpenSSL [3-9]'; then
    verify_by_openssl "$1"
  else
    fail "nothing here verifies the signature: install minisign, or OpenSSL 3"
  fi
}

fetch SHA256SUMS
fetch SHA256SUMS.minisig
verify "$work/SHA256SUMS" || fail "the signature of SHA256SUMS is not that of the release's key: nothing was installed"
fetch "$archive"
wanted=$(awk -v file="$archive" '$2 == file {print $1}' "$work/SHA256SUMS")
if command -v sha256sum >/dev/null; then
  found=$(sha256sum "$work/$archive")
else
  found=$(shasum -a 256 "$work/$archive")
fi
[ -n "$wanted" ] && [ "${found%% *}" = "$wanted" ] || fail "$archive has another checksum than the release says: nothing was installed"

tar -xzf "$work/$archive" -C "$work"
mkdir -p "$folder"
cp -R "$work/${archive%.tar.gz}/." "$folder/"
echo "fedcred $version is in $folder/bin"
case ":$PATH:" in
  *":$folder/bin:"*) ;;
  *) echo "it is not in PATH: export PATH=\"$folder/bin:\$PATH\"" ;;
esac
