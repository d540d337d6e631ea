#!/bin/bash
# What a cache hit costs: the whole process with its loader, beside a program that does nothing, measured in one run.
#
#   tests/bench/hit.sh [FEDCRED]     of this binary; without one, of the release build
#
# Needs hyperfine and valgrind. tests/bench/README.md has what was reached, and how to read it.
set -euo pipefail
# shellcheck source=tests/bench/lib.sh
. "$(dirname "$0")/lib.sh"
enter_the_world "$@"

"$fedcred" get plain >/dev/null # fills the cache
hit=("$fedcred" get plain)

printf 'A cache hit of %s\n' "$fedcred"
row 'user instructions' "$(instructions "$noop")" "$(instructions "${hit[@]}")"
row 'largest resident, KiB' "$(resident "$noop")" "$(resident "${hit[@]}")"
row 'minor page faults' "$(page_faults "$noop")" "$(page_faults "${hit[@]}")"
row 'system calls' "$(system_calls "$noop")" "$(system_calls "${hit[@]}")"
row 'relocations' "$(relocations "$noop")" "$(relocations "$fedcred")"
printf '%-28s %12s %12s\n' 'with 30 other profiles' '' "$(FEDCRED_CONFIG=$HOME/many.toml instructions "${hit[@]}")"
wall_time "$noop" "${hit[*]}"
