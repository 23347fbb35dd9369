#!/usr/bin/env bash
# Runs every fuzz target for a number of seconds; a crash ends it with the input that caused it.
#
#   scripts/fuzz.sh [SECONDS] [TARGET...]
#
# New inputs go to .cache/fuzz, so that the corpus under fuzz/corpus changes only when somebody means it to.
set -euo pipefail
cd "$(dirname "$0")/.."

CARGO_FUZZ=0.13.2
seconds=${1:-30}
shift || true

scripts/install-debian.sh fuzz
# libFuzzer needs unstable compiler flags. This lets the installed compiler take them, so no second one is needed.
export RUSTC_BOOTSTRAP=1
tools=$PWD/.cache/tools
if [ "$("$tools/bin/cargo-fuzz" --version 2>/dev/null)" != "cargo-fuzz $CARGO_FUZZ" ]; then
  cargo install --locked --quiet --root "$tools" "cargo-fuzz@$CARGO_FUZZ"
fi
PATH=$tools/bin:$PATH

# The corpus first: it takes seconds.
cargo test --manifest-path fuzz/Cargo.toml --locked --quiet

targets=("$@")
[ $# -gt 0 ] || mapfile -t targets < <(cargo fuzz list --fuzz-dir fuzz)
[ ${#targets[@]} -gt 0 ] || { echo "fuzz: there is no target" >&2; exit 1; }
for target in "${targets[@]}"; do
  echo "fuzz: $target for $seconds s"
  found=$PWD/.cache/fuzz/$target
  seeds=$PWD/fuzz/corpus/$target
  mkdir -p "$found" "$seeds"
  cargo fuzz run --fuzz-dir fuzz "$target" "$found" "$seeds" -- -max_total_time="$seconds" -print_final_stats=0 -verbosity=0
done
echo "fuzz: ${#targets[@]} passed, 0 failed"
