#!/usr/bin/env bash
# Measures our server beside others: see benches/README.md.
#
#   benches/run.sh [PROGRAM|-] [SCENARIO...]
#
# PROGRAM: madang-bench-server, built with --release ("-" for the one in target/release).
# SCENARIO: broadcast, echo, connect, idle, slow of plain WebSocket; sio: all of Socket.IO, over WebSocket and long-polling. Everything without any.
# Environment: BENCH_DIR (../shared/bench), ROUNDS (9), SECS (3), PEERS and SIO_PEERS (servers of the comparison's servers.json).
set -euo pipefail
cd "$(dirname "$0")/.."

program=${1:--}
shift || true
[ "$program" != - ] || program=${CARGO_TARGET_DIR:-target}/release/madang-bench-server
wanted=" ${*:-broadcast echo connect idle slow sio} "
bench=${BENCH_DIR:-../shared/bench}
rounds=${ROUNDS:-9}
secs=${SECS:-3}
peers=${PEERS:-uws-cpp,ws,axum-tuned,fastwebsockets,tokio-websockets,sockudo-ws}
sio_peers=${SIO_PEERS:-socketioxide,socket.io}
results=$PWD/benches/results

die() { echo "bench: $*" >&2; exit 1; }
[ -x "$program" ] || die "$program is missing: cargo build --release -p madang-bench"
[ -x "$bench/compare" ] || die "no comparison in $bench: set BENCH_DIR to it (benches/README.md)"
[ -x "$bench/rtload/target/release/rtload" ] || die "the comparison isn't built: run $bench/build"
[ "$(nproc)" -ge 2 ] || die "two cores are needed: one for the server, one for the generator"
program=$(realpath "$program")
mkdir -p "$results"
case $wanted in
  *[!a-z\ ]*) die "scenarios are broadcast, echo, connect, idle, slow and sio" ;;
esac

# measure LABEL SCENARIO SERVERS FLAG...: what it belongs to is asked of GROUP, or else of the scenario.
measure() {
  local label=$1 scenario=$2 servers=$3
  shift 3
  [[ $wanted == *" ${GROUP:-$scenario} "* ]] || return 0
  echo "bench: $label"
  rm -f "$runs.new"
  "$bench/compare" "$scenario" --servers "$servers" --add "madang=$program --port {port} ${ONLY:-}" --label "$label" \
    --out "$runs.new" "$@"
  # In place of what was measured under this label before; the other scenarios stay.
  touch "$runs"
  { grep -v "\"label\": \"$label\"" "$runs" || true; } >"$runs.kept"
  cat "$runs.kept" "$runs.new" >"$runs"
  rm "$runs.kept" "$runs.new"
}

runs=$results/runs.jsonl
all=raw,madang:ws,$peers
measure broadcast-1000 broadcast "$all" --rounds "$rounds" --secs "$secs" --subs 1000
measure broadcast-1000-window-16 broadcast "$all" --rounds "$rounds" --secs "$secs" --subs 1000 --window 16
for size in 16 1024 65536; do
  measure "echo-$size" echo "$all" --rounds "$rounds" --secs "$secs" --size "$size"
done
measure echo-64-depth-16 echo "$all" --rounds "$rounds" --secs "$secs" --size 64 --depth 16
# These count, or average over thousands of connections: rounds add little.
measure connect-10k connect "$all" --rounds 3 --conns 10000
measure idle-10k idle "$all" --rounds 1 --conns 10000 --secs 2 --settle 1.5 --touch
measure slow slow "$all" --rounds 1 --secs 6

# Nothing but Socket.IO, as the servers beside it.
GROUP=sio ONLY="--only socketio"
sio=madang:sio,${sio_peers//,/:sio,}:sio
poll=madang:poll,${sio_peers//,/:poll,}:poll
measure sio-broadcast-1000 broadcast "raw,$sio" --rounds "$rounds" --secs "$secs" --subs 1000
measure sio-broadcast-1000-window-16 broadcast "raw,$sio" --rounds "$rounds" --secs "$secs" --subs 1000 --window 16
measure sio-echo-16 echo "raw,$sio" --rounds "$rounds" --secs "$secs" --size 16
measure sio-echo-65536 echo "raw,$sio" --rounds "$rounds" --secs "$secs" --size 65536
measure sio-connect-10k connect "$sio" --rounds 3 --conns 10000
measure sio-idle-10k idle "$sio" --rounds 1 --conns 10000 --secs 2 --settle 1.5 --touch
measure poll-echo echo "raw,$poll" --rounds "$rounds" --secs "$secs"
measure poll-broadcast-500 broadcast "raw,$poll" --rounds "$rounds" --secs "$secs" --subs 500
measure poll-idle-5k idle "$poll" --rounds 1 --conns 5000 --secs 2 --settle 1.5

{
  echo "# Results"
  echo
  echo "Written by \`benches/run.sh\`; $(nproc) cores, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), Linux $(uname -r)."
  "$bench/summary" "$runs" --second tokio-websockets
} >"$results/README.md"
echo "bench: benches/results/README.md"
