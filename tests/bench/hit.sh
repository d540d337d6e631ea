#!/bin/bash
# What a cache hit costs: the whole process with its loader, beside a program that does nothing, measured in one run.
#
#   tests/bench/hit.sh [FEDCRED]     of this binary; without one, of both programs as packages install them
#
# Needs hyperfine and valgrind. tests/bench/README.md has what was reached, and how to read it.
set -euo pipefail
# shellcheck source=tests/bench/lib.sh
. "$(dirname "$0")/lib.sh"
enter_the_world "$@"

"$fedcred" get plain >/dev/null # fills the cache

for program in "$fedcred" ${small:+"$small"}; do
  hit=("$program" get plain)
  printf 'A cache hit of %s, %d bytes, beside doing nothing\n' "$program" "$(stat -c %s "$program")"
  row 'user instructions' "$(instructions "$noop")" "$(instructions "${hit[@]}")"
  row 'largest resident, KiB' "$(resident "$noop")" "$(resident "${hit[@]}")"
  row 'minor page faults' "$(page_faults "$noop")" "$(page_faults "${hit[@]}")"
  row 'system calls' "$(system_calls "$noop")" "$(system_calls "${hit[@]}")"
  row 'relocations' "$(relocations "$noop")" "$(relocations "$program")"
  printf '%-28s %12s %12s\n' 'with 30 other profiles' '' "$(FEDCRED_CONFIG=$HOME/many.toml instructions "${hit[@]}")"
  wall_time "$noop" "${hit[*]}"
done
