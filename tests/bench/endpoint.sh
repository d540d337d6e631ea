#!/bin/bash
# What the container endpoint of `fedcred serve` does beside one nginx worker that serves the same JSON after the same check
# of the token, under wrk, in turns, so that a busy machine slows both.
#
#   tests/bench/endpoint.sh [FEDCRED]     of this binary; without one, of the release build
#
# Needs nginx and wrk.
set -euo pipefail
# shellcheck source=tests/bench/lib.sh
. "$(dirname "$0")/lib.sh"
enter_the_world "$@"

ROUNDS=${ROUNDS:-5}
SECONDS_EACH=${SECONDS_EACH:-4}

stop() {
  # shellcheck disable=SC2046
  kill $(jobs -p) 2>/dev/null || true
  wait
}
trap stop EXIT

"$fedcred" serve plain --token-file "$HOME/token" >"$HOME/serve.env" &
ours_pid=$!
until grep -q FULL_URI "$HOME/serve.env"; do sleep 0.05; done
ours=$(sed -n 's/^AWS_CONTAINER_CREDENTIALS_FULL_URI=//p' "$HOME/serve.env")
token=$(<"$HOME/token")
until body=$(curl --silent --fail --header "Authorization: $token" "$ours"); do sleep 0.05; done

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >"$HOME/nginx.conf" <<NGINX
worker_processes 1;
daemon off;
pid $HOME/nginx.pid;
error_log $HOME/nginx.log;
events { worker_connections 512; }
http {
  access_log off;
  client_body_temp_path $HOME; proxy_temp_path $HOME; fastcgi_temp_path $HOME; uwsgi_temp_path $HOME; scgi_temp_path $HOME;
  keepalive_requests 1000000000;
  server {
    listen 127.0.0.1:$port;
    location / {
      default_type application/json;
      add_header Cache-Control no-store;
      if (\$http_authorization != "$token") { return 401; }
      return 200 '$body';
    }
  }
}
NGINX
nginx -c "$HOME/nginx.conf" -e "$HOME/nginx.log" &
nginx_pid=$!
theirs=http://127.0.0.1:$port/
until curl --silent --fail --header "Authorization: $token" "$theirs" >/dev/null; do sleep 0.05; done

theirs_pid=$(<"/proc/$nginx_pid/task/$nginx_pid/children")
theirs_pid=${theirs_pid%% *}

# load CONNECTIONS URL PID: requests a second, the median latency in microseconds, and the microseconds that a processor was at
# work for each request in the server PID, which are the same on a busy machine
load() {
  local before
  before=$(cut -d' ' -f1 "/proc/$3/schedstat")
  wrk --threads 1 --connections "$1" --duration "${SECONDS_EACH}s" --latency --header "Authorization: $token" "$2" |
    python3 -c '
import re, sys
text = sys.stdin.read()
pid, before = sys.argv[1:]
if "Non-2xx" in text or "Socket errors" in text:
    sys.exit("not every request was answered:\n" + text)
number, unit = re.search(r"50%\s+([\d.]+)(us|ms|s)", text).groups()
requests = int(re.search(r"(\d+) requests in", text)[1])
worked = int(open(f"/proc/{pid}/schedstat").read().split()[0]) - int(before)
rate = re.search(r"Requests/sec:\s+([\d.]+)", text)[1]
print(rate, float(number) * {"us": 1, "ms": 1e3, "s": 1e6}[unit], round(worked / requests / 1e3, 2))' "$3" "$before"
}

median() {
  sort -g | sed -n "$(((ROUNDS + 1) / 2))p"
}

# ratio COLUMN CONNECTIONS: ours to theirs, in the median of the rounds: both halves of a round met the same machine.
ratio() {
  paste -d' ' "$HOME/theirs.$2" "$HOME/ours.$2" | awk -v at="$1" '{ printf "%.3f\n", $(at + 3) / $at }' | median
}

memory() {
  sed -n "s/^$1:\s*\([0-9]*\) kB/\1/p" "/proc/$ours_pid/status"
}

printf 'The endpoint of %s\n' "$fedcred"
row 'connections' 'nginx' 'fedcred' 'median of the ratios'
for connections in 1 16 64; do
  for ((round = 0; round < ROUNDS; round++)); do
    load "$connections" "$theirs" "$theirs_pid" >>"$HOME/theirs.$connections"
    load "$connections" "$ours" "$ours_pid" >>"$HOME/ours.$connections"
  done
  for column in 'requests a second:1' 'median latency, us:2' 'processor, us a request:3'; do
    values() { cut -d' ' -f"${column##*:}" "$HOME/$1.$connections" | median; }
    row "$connections, ${column%:*}" "$(values theirs)" "$(values ours)" "$(ratio "${column##*:}" "$connections")"
  done
done
row 'resident, KiB, at most' '' "$(memory VmHWM)"
before=$(memory VmRSS)
requests=0
while ((requests < 1000000)); do
  read -r rate _ < <(load 16 "$ours" "$ours_pid")
  requests=$((requests + ${rate%.*} * SECONDS_EACH))
done
row 'more after a million requests' '' "$(($(memory VmRSS) - before))"
