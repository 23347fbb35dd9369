#!/usr/bin/env bash
# The API as it's described against the API as it is: Schemathesis makes requests, good and bad, out of the description that the program serves.
#
#   tests/conformance/openapi/run.sh quick|all FOLDER
#
# FOLDER has the program, madang. `quick` always makes the same requests, `all` ten times as many, others each time.
set -euo pipefail
cd "$(dirname "$0")"

what=$1
program=$(cd ../../.. && realpath "$2")/madang
schemathesis=$(realpath ../../../.cache/conformance/venv/bin/schemathesis)
folder=$(mktemp -d)
trap 'kill "$server" 2>/dev/null; wait "$server" 2>/dev/null; rm -rf "$folder"' EXIT

# Streams go on for ever, so each is given up after 1.5 s; no other answer may take so long.
"$program" back --back-addr 127.0.0.1:0 --max-wait 1 --database-url "sqlite://$folder/madang.db" >"$folder/log" 2>&1 &
server=$!
for _ in $(seq 100); do
  addr=$(sed -n 's/.*back listening addr=\([0-9.:]*\).*/\1/p' "$folder/log")
  [ -z "$addr" ] || break
  sleep 0.1
done
[ -n "$addr" ] || { cat "$folder/log"; exit 1; }

case $what in
  quick) much=(--max-examples 20 --seed 1) ;;
  *) much=(--max-examples 200) ;;
esac
cd "$folder" # where it leaves what it has learned
"$schemathesis" --config-file "$OLDPWD/schemathesis.toml" run "http://$addr/api/openapi.json" --checks all --no-color --request-timeout 1.5 "${much[@]}"
