#!/bin/bash
# What a cold login costs: three requests (the page, the form, AssumeRoleWithSAML) to servers on this machine.
#
#   tests/bench/cold.sh [FEDCRED]     of this binary; without one, of the release build
#
# Needs hyperfine. tests/bench/README.md has what was reached.
set -euo pipefail
# shellcheck source=tests/bench/lib.sh
. "$(dirname "$0")/lib.sh"
enter_the_world "$@"

system_roots=/etc/ssl/certs/ca-certificates.crt
cat "$system_roots" "$HOME/authority.pem" >"$HOME/roots.pem"

# login WHAT PROFILE ROOTS
login() {
  local times=$HOME/times.json command=("$fedcred" get "$2" --no-cache)
  export SSL_CERT_FILE=$3
  hyperfine --shell=none --warmup 5 --runs 100 --style none --export-json "$times" "${command[*]}" >/dev/null 2>&1
  python3 - "$1" "$times" "$(resident "${command[@]}")" <<'PYTHON'
import json, sys
what, path, resident = sys.argv[1:]
[result] = json.load(open(path))["results"]
user, system = result["user"] * 1e3, result["system"] * 1e3
print(f"{what:34} {user + system:8.1f} {user:8.1f} {system:8.1f} {resident:>14}")
PYTHON
}

printf 'A cold login of %s\n' "$fedcred"
printf '%-34s %8s %8s %8s %14s\n' '' 'CPU, ms' 'user' 'system' 'resident, KiB'
login 'plain http' plain "$HOME/authority.pem"
login 'TLS, one root' tls "$HOME/authority.pem"
login "TLS, and the system's $(grep -c BEGIN "$system_roots") roots" tls "$HOME/roots.pem"
