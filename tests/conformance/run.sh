#!/usr/bin/env bash
# Judges from outside: Autobahn's cases against server and client, foreign peers both ways, Socket.IO byte by byte and by its clients, the HTTP API by its description.
#
#   tests/conformance/run.sh [CASES] [FOLDER]
#
# CASES: all (the default; it also writes the committed summaries), quick, core, 9.*, ...: see autobahn/cases.py.
# FOLDER has madang, madang-bench-server, madang-conformance-server, autobahn-client and echo-client (target/debug).
set -euo pipefail
cd "$(dirname "$0")/../.."

cases=${1:-all}
programs=${2:-target/debug}
here=tests/conformance
venv=.cache/conformance/venv

scripts/install-debian.sh python proxy
scripts/check-tools.sh node
if ! cmp -s $here/requirements.txt $venv/requirements.txt; then
  rm -rf $venv
  python3 -m venv $venv
  $venv/bin/pip --quiet --disable-pip-version-check install --only-binary :all: --requirement $here/requirements.txt
  cp $here/requirements.txt $venv/
fi
npm --prefix $here/peers ci --no-audit --no-fund --silent

# summary NAME: where the verdicts go. Only a run of everything may replace what is committed.
summary() { [ "$cases" != all ] || echo --summary "$here/$1.json"; }

status=0
$venv/bin/python $here/autobahn/run.py server "$programs/madang-bench-server" --cases "$cases" $(summary autobahn-server) || status=1
$venv/bin/python $here/autobahn/run.py client "$programs/autobahn-client" --cases "$cases" $(summary autobahn-client) || status=1
$venv/bin/python $here/peers/run.py "$programs/madang-bench-server" "$programs/echo-client" $(summary peers) || status=1
replays=$([ "$cases" = all ] && echo all || echo quick)
$venv/bin/python $here/socketio-raw/run.py "$programs/madang-conformance-server" $replays --quiet $(summary socketio-raw) || status=1
$venv/bin/python $here/socketio-raw/run.py "$programs/madang-conformance-server" $replays --quiet --with=--tcp || status=1
$here/socketio/run.sh "$replays" "$programs" $(summary socketio-clients) || status=1
$here/openapi/run.sh "$replays" "$programs" || status=1
if [ "$cases" = all ]; then $venv/bin/python $here/report.py; else $venv/bin/python $here/report.py --check || status=1; fi
exit $status
