# Runs stages in two lanes side by side, and prints each as a whole. Sourced by tests/run, in the project's folder.
# shellcheck shell=bash

# Of each stage a folder: it has begun; in it its output, its time and, when it has ended, its exit status.
lanes=${FEDCRED_LANES:-$PWD/target/lanes}

# stage NAME COMMAND…: runs it, unless the other lane has. A failure does not keep what follows from running; 69 says that what
# it needs cannot be installed here.
stage() {
  local of=$lanes/$1 name=$1 status=0 TIMEFORMAT='%R s, %U + %S s of the processors'
  shift
  mkdir "$of" 2>/dev/null || return 0
  echo "begins $name" >&3
  { time "$@" >"$of/output" 2>&1 3>&- </dev/null || status=$?; } 2>"$of/time"
  printf '%s\n' "$*" >"$of/command"
  echo "$status" >"$of/status"
  case $status in
    0) echo "passed $name" >&3 ;;
    69) echo "missing $name" >&3 ;;
    *) echo "FAILED $name" >&3 ;;
  esac
}

# leave_out NAME WHY
leave_out() {
  echo "left-out $1: $2" >&3
}

# status_of NAME: waits until a stage of the other lane has ended, and prints its exit status.
status_of() {
  until [[ -s $lanes/$1/status ]]; do
    sleep 0.2
  done
  cat "$lanes/$1/status"
}

# run_lanes FIRST SECOND: runs both functions side by side until both have ended, and sets `results`, `failed` and `left_out`.
run_lanes() {
  local first second what name events=$lanes/events
  results=() failed=0 left_out=0
  rm -rf "$lanes"
  mkdir -p "$lanes"
  mkfifo "$events"
  trap 'exit 130' INT TERM HUP
  # Each a process group of its own, so that it can be stopped with all that it has started.
  set -m
  "$1" 3>"$events" &
  first=$!
  "$2" 3>"$events" &
  second=$!
  set +m
  # shellcheck disable=SC2064 # the processes of now
  trap "kill -- -$first -$second 2>/dev/null" EXIT
  # It ends when both lanes have closed it.
  while read -r what name; do
    case $what in
      begins) printf -- '--- %s %s begins: %s\n' "$(date +%T)" "$name" "${lanes#"$PWD/"}/$name/output" ;;
      passed) told "passed   $name" "$name" ;;
      missing) told "NOT RUN  $name: what it needs cannot be installed here, see above" "$name" && left_out=1 ;;
      left-out) results+=("NOT RUN  $name") left_out=1 ;;
      *) told "FAILED   $name" "$name" && failed=1 ;;
    esac
  done <"$events"
  wait "$first" || failed=1
  wait "$second" || failed=1
  trap - EXIT INT TERM HUP
}

# told RESULT NAME: prints what a stage has said.
told() {
  local of=$lanes/$2 result
  result="$1 ($(<"$of/time"))"
  printf '\n=== %s: %s\n' "$2" "$(<"$of/command")"
  cat "$of/output"
  printf '=== %s\n\n' "$result"
  results+=("$result")
}
