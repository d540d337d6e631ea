# What the scripts beside it measure, and where. Sourced, not run.
# shellcheck shell=bash

# enter_the_world [FEDCRED]: builds what is measured, then starts the script anew inside bench_world (world.rs), where it
# goes on with $fedcred, $small and $noop. FEDCRED: a complete program in place of the release build, and no small one.
enter_the_world() {
  if [[ -n ${BENCH_FEDCRED-} ]]; then
    fedcred=$BENCH_FEDCRED small=$BENCH_SMALL noop=$BENCH_NOOP
    return
  fi
  local root target fedcred small=
  # Where the caller stands, not we.
  [[ -z ${1-} ]] || fedcred=$(realpath "$1")
  root=$(cd "$(dirname "$0")/../.." && pwd)
  cd "$root"
  target=$(realpath --canonicalize-missing "${CARGO_TARGET_DIR:-target}")
  if [[ -z ${1-} ]]; then
    packaging/build "$target/bench/installed"
    fedcred=$target/bench/installed/libexec/fedcred/fedcred
    small=$target/bench/installed/bin/fedcred
  fi
  cargo build --quiet --locked --example bench_world
  mkdir -p "$target/bench"
  # As [profile.release] has it.
  rustc --edition 2024 -C opt-level=3 -C lto=fat -C codegen-units=1 -C strip=symbols \
    -o "$target/bench/noop" tests/bench/noop.rs
  exec "$target/debug/examples/bench_world" \
    env BENCH_FEDCRED="$fedcred" BENCH_SMALL="$small" BENCH_NOOP="$target/bench/noop" "$root/tests/bench/${0##*/}"
}

# row WHAT NOOP OURS [MORE]
row() {
  printf '%-28s %12s %12s %s\n' "$1" "$2" "$3" "${4-}"
}

# instructions COMMAND…: in user space, as callgrind counts them; the same at every run but for a few hundred.
instructions() {
  local report
  report=$(valgrind --tool=callgrind --callgrind-out-file=/dev/null "$@" 2>&1 >/dev/null)
  sed -n 's/.*Collected : //p' <<<"$report"
}

resident() {
  /usr/bin/time -f %M "$@" 2>&1 >/dev/null
}

page_faults() {
  /usr/bin/time -f %R "$@" 2>&1 >/dev/null
}

system_calls() {
  strace -f -o "$HOME/trace" "$@" >/dev/null
  grep -c '(' "$HOME/trace"
}

relocations() {
  readelf --wide --relocs "$1" | grep -c R_X86_64_RELATIVE
}

# wall_time NOOP OURS: both many times on one processor, in turns, so that a busy machine slows both.
wall_time() {
  local times="$HOME/times.json" round
  for round in 1 2 3 4 5; do
    taskset --cpu-list 1 hyperfine --shell=none --warmup 20 --runs 200 --style none --export-json "$times.$round" "$@" >/dev/null 2>&1
  done
  python3 - "$times".* <<'PYTHON'
import json, statistics, sys
times = [[], []]
for path in sys.argv[1:]:
    for which, result in enumerate(json.load(open(path))["results"]):
        times[which] += result["times"]
noop, ours = ([statistics.median(t) * 1e3, min(t) * 1e3] for t in times)
for name, a, b in zip(("median", "shortest"), noop, ours):
    print(f"{'wall time, ms, ' + name:28} {a:12.2f} {b:12.2f}   {b / a:.2f} times")
PYTHON
}
