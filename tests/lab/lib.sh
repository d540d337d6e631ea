# What the lab's scripts share: where things are, free ports, and waiting for a server. Sourced, never run.

LAB_SOURCE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
LAB_HOME=$(realpath -m "${FEDCRED_LAB_HOME:-${CARGO_TARGET_DIR:-$LAB_SOURCE/../../target}/lab}")
LAB_PYTHON=$LAB_HOME/venv/bin/python

# Debian keeps the KDC's programs out of an ordinary user's path.
PATH=$PATH:/usr/sbin
# Nothing is written beside the sources.
export PYTHONDONTWRITEBYTECODE=1

# Prints a port that is free on loopback, for both TCP and UDP.
free_port() {
  "$LAB_PYTHON" - <<'PYTHON'
import socket

while True:
    tcp = socket.socket()
    tcp.bind(("127.0.0.1", 0))
    port = tcp.getsockname()[1]
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        udp.bind(("127.0.0.1", port))
    except OSError:
        continue
    print(port)
    break
PYTHON
}

# start_server NAME DIR PORT COMMAND…: runs a server in a session of its own, its output in DIR/NAME.log and its pid in
# DIR/NAME.pid, and waits until PORT answers. A session of its own, because Apache signals its whole process group when
# it stops.
start_server() {
  local name=$1 dir=$2 port=$3
  shift 3
  setsid "$@" >"$dir/$name.log" 2>&1 </dev/null &
  local pid=$!
  echo "$pid" >"$dir/$name.pid"
  local tries
  for ((tries = 0; tries < 1500; tries++)); do
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      return 0
    fi
    if ! kill -0 "$pid" 2>/dev/null; then
      break
    fi
    sleep 0.02
  done
  echo "lab: $name does not answer on port $port:" >&2
  tail -n 20 "$dir/$name.log" >&2
  return 1
}

# publish NAME VALUE: one line of the lab's environment, fit for eval.
publish() {
  printf "export %s='%s'\n" "$1" "$2"
}
