#!/usr/bin/env bash
# Lets the Socket.IO and Engine.IO clients that people have judge a server.
#
#   tests/conformance/socketio/run.sh [quick|all] [FOLDER] [--summary FILE]
#
# FOLDER has madang-conformance-server (target/debug); with SERVER=node, Node's own socket.io is judged instead, which shows
# whether the clients and these checks are right. ONLY='4\.8.*recovery' runs what matches; AT_ONCE=1 runs one after another,
# BUILD=4\.5 only such builds in browsers.
set -euo pipefail
cd "$(dirname "$0")/../../.."

subset=${1:-all}
folder=${2:-target/debug}
shift $(($# < 2 ? $# : 2))
here=tests/conformance/socketio

scripts/install-debian.sh python
scripts/check-tools.sh node
for version in 4 5; do
  venv=.cache/conformance/socketio-python-$version
  if ! cmp -s $here/python/requirements-$version.txt $venv/requirements.txt; then
    rm -rf $venv
    python3 -m venv $venv
    $venv/bin/pip --quiet --disable-pip-version-check install --only-binary :all: --requirement $here/python/requirements-$version.txt
    cp $here/python/requirements-$version.txt $venv/
  fi
done
npm --prefix $here ci --no-audit --no-fund --silent
if [ "$subset" != quick ]; then
  scripts/install-debian.sh browsers
  npm --prefix tests/e2e ci --no-audit --no-fund --silent
fi

exec node $here/run.mjs "$subset" --program "$(realpath -m "$folder")/madang-conformance-server" \
  --python5 "$PWD/.cache/conformance/socketio-python-5/bin/python" --python4 "$PWD/.cache/conformance/socketio-python-4/bin/python" "$@"
