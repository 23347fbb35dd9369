#!/usr/bin/env bash
# Says in a sentence which of the tools that have to be there before `make` is missing or too old.
#
#   scripts/check-tools.sh rust|node|git...
set -euo pipefail

RUST=1.94.0 # what package madang-server states as its rust-version
NODE=20.19.0 # what web/package.json states under engines

fail() { echo "madang: $*" >&2; exit 1; }
# newer A B: A is at least B
newer() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

for tool in "$@"; do
  case $tool in
    rust)
      command -v cargo >/dev/null && command -v rustc >/dev/null || fail "Rust is missing: install $RUST or newer from https://rustup.rs"
      have=$(rustc --version | cut -d' ' -f2)
      newer "$have" "$RUST" || fail "Rust $have is too old: $RUST or newer is needed (rustup update stable)"
      ;;
    node)
      command -v node >/dev/null && command -v npm >/dev/null || fail "Node is missing: install $NODE or newer with npm from https://nodejs.org"
      have=$(node --version)
      newer "${have#v}" "$NODE" || fail "Node ${have#v} is too old: $NODE or newer is needed"
      ;;
    git) command -v git >/dev/null || fail "git is missing: apt-get install git" ;;
    *) fail "check-tools.sh knows rust, node and git, not $tool" ;;
  esac
done
