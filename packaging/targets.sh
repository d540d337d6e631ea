# The table of targets, and how each is compiled. Sourced, not run.
# shellcheck shell=bash
#
# linker   what links the complete program; "apple": on a Mac alone, as its frameworks come with Apple's tools
# oldest   the C library that it needs at least; "none" where it is linked in
# small    what links the small program statically; "same": as the complete one
# std      where the standard library comes from: rustup's, or Debian's packages for this target, or built from its source
targets='
# target                     linker  oldest  small                  std
x86_64-unknown-linux-gnu     zig     2.17    x86_64-linux-gnu-gcc   installed
aarch64-unknown-linux-gnu    zig     2.17    aarch64-linux-gnu-gcc  installed
x86_64-unknown-linux-musl    zig     none    same                   source
x86_64-pc-windows-gnu        mingw   -       none                   source
aarch64-apple-darwin         apple   -       none                   installed
x86_64-apple-darwin          apple   -       none                   installed
'

all_targets() {
  awk '/^[a-z]/ {print $1}' <<<"$targets"
}

# row TARGET: sets linker, oldest, small and std to what the table says.
# shellcheck disable=SC2034 # the caller reads them
row() {
  local line
  line=$(awk -v target="$1" '$1 == target' <<<"$targets")
  if [[ -z $line ]]; then
    echo "no such target: $1; there are $(all_targets | tr '\n' ' ')" >&2
    return 2
  fi
  read -r _ linker oldest small std <<<"$line"
}

# Debian's compiler has the standard library of other targets, where rustup has not been asked for it.
debian_rustc=/usr/bin/rustc

# has_std COMPILER TARGET
has_std() {
  compgen -G "$("$1" --print target-libdir --target "$2")/libstd-*.rlib" >/dev/null
}

# use_compiler TARGET: sets RUSTC and build_std. Debian's packages are installed on Debian as root.
use_compiler() {
  local target=$1 packages
  build_std=()
  if has_std "${RUSTC:-rustc}" "$target"; then
    return
  fi
  case $std in
    installed)
      packages=(rustc-web "libstd-rust-web-dev:$(debian_architecture "$target")")
      has_std "$debian_rustc" "$target" 2>/dev/null || install_debian "${packages[@]}"
      ;;
    source)
      [[ -d /usr/lib/rustlib/src/rust/library/std && -x $debian_rustc ]] || install_debian rustc-web rust-web-src
      # shellcheck disable=SC2034,SC2054 # the caller reads it; cargo's list has commas
      build_std=(-Zbuild-std=std,panic_abort)
      # Cargo's unstable option, with a compiler that is a release; only what is built for this target sees it.
      export RUSTC_BOOTSTRAP=1
      ;;
  esac
  export RUSTC=$debian_rustc
}

debian_architecture() {
  case $1 in
    aarch64-*) echo arm64 ;;
    x86_64-*) echo amd64 ;;
  esac
}

# install_debian PACKAGE…: on Debian as root; elsewhere says what is missing and exits with 69. One at a time: apt waits for the
# lock of its packages, but not for that of its lists.
install_debian() {
  if [[ $(id -u) != 0 || ! -f /etc/debian_version ]]; then
    echo "missing: $* (Debian's names; as root on Debian they are installed), or: rustup target add" >&2
    exit 69
  fi
  local package
  (
    flock 9
    for package; do
      [[ $package != *:* ]] || dpkg --print-foreign-architectures | grep -qx "${package#*:}" ||
        dpkg --add-architecture "${package#*:}"
    done
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -qqy --no-install-recommends -o DPkg::Lock::Timeout=600 "$@" >/dev/null
  ) 9>/var/cache/apt/fedcred.lock >&2 || exit 69
}
