#!/usr/bin/env bash
# Proves that no seat has two owners, on SQLite, MariaDB and PostgreSQL, and that the proof would notice if one had.
#
#   tests/prove/run.sh quick|all [FOLDER WITH PROGRAMS]
#
# quick: some seconds on each database, and each mutant on SQLite. all: 1,000 people on 500 seats for a minute on each
# database, and each mutant on each. On each also with seats that must be paid for. KEEP=FOLDER keeps the histories there.
set -euo pipefail
cd "$(dirname "$0")/../.."

size=${1:-quick} programs=${2:-target/debug}
if [ -z "${MADANG_TEST_DATABASES:-}" ]; then exec scripts/with-databases.sh "$0" "$size" "$programs"; fi
case $size in
  quick)
    plan=(--clients 60 --seats 40 --seconds 8) mutant_databases='sqlite'
    paid_plan=(--payments "${plan[@]}")
    ;;
  all)
    plan=(--clients 1000 --seats 500 --seconds 60) mutant_databases='sqlite mysql postgres'
    paid_plan=(--payments --clients 300 --seats 200 --seconds 30)
    ;;
  *) sed -n '2,/^set -/{/^set -/d;s/^# \{0,1\}//;p}' "$0"; exit 2 ;;
esac
# What turns red at once needs no crowd.
mutant_plan=(--clients 60 --seats 40 --seconds 8)

dir=$(mktemp -d "${TMPDIR:-/tmp}/madang-prove.XXXXXX")
trap 'rm -rf "$dir"' EXIT
run=0

# fresh DATABASE: an empty one; says its address, and where the process id of its server is.
fresh() {
  local name=proof_${$}_$run
  case $1 in
    sqlite) echo "sqlite://$dir/$name.db" ;;
    mysql | postgres)
      local server=MADANG_TEST_${1^^}_URL
      "$programs/madang-prove" create --database-url "${!server}" "$name"
      ;;
  esac
}

# prove PROGRAM DATABASE OPTION...: 0 if it is sound, 1 if not.
prove() {
  local program=$1 database=$2 url pid=()
  shift 2
  run=$((run + 1))
  url=$(fresh "$database")
  case $database in
    mysql) pid=(--database-pid "$MADANG_TEST_MYSQL_PID") ;;
    # At TERM it would wait until nobody is connected any more.
    postgres) pid=(--database-pid "$MADANG_TEST_POSTGRES_PID" --database-signal INT) ;;
  esac
  "$programs/madang-prove" run --program "$program" --database-url "$url" --clock "$programs/libmadang_prove_clock.so" "${pid[@]}" "$@"
}

for database in sqlite mysql postgres; do
  echo "== $database"
  keep=() keep_paid=()
  if [ -n "${KEEP:-}" ]; then
    keep=(--history "$KEEP/$database.jsonl") keep_paid=(--history "$KEEP/$database-paid.jsonl")
  fi
  prove "$programs/madang" "$database" "${plan[@]}" "${keep[@]}"
  echo "== $database, paid for"
  prove "$programs/madang" "$database" "${paid_plan[@]}" "${keep_paid[@]}"
done

# mutant NAME FILE FROM TO: the program, with one thing removed, built beside it.
mutant() {
  local name=$1 file=$2 from=$3 to=$4 tree=$mutants/tree
  rm -rf "$tree"
  mkdir -p "$tree"
  git ls-files -z | xargs -0 cp --parents -t "$tree"
  mkdir -p "$tree/web/dist" && cp -r web/dist/. "$tree/web/dist"
  grep -qF "$from" "$tree/$file" || { echo "the mutant $name has nothing to change in $file" >&2; exit 2; }
  FROM=$from TO=$to perl -pi -e 's/\Q$ENV{FROM}\E/$ENV{TO}/g' "$tree/$file"
  (cd "$tree" && CARGO_TARGET_DIR=$mutants/target cargo build --locked --quiet -p madang-server --bin madang)
  cp "$mutants/target/debug/madang" "$mutants/$name"
}

# What has been built is taken over, so that only the program itself is built anew.
mutants=$PWD/target/mutants
rm -rf "$mutants"
mkdir -p "$mutants/target/debug"
cp -al "$programs/deps" "$mutants/target/debug/"
cp -a "$programs/.fingerprint" "$programs/build" "$mutants/target/debug/"
mutant owner server/src/store/seats/clock.rs 'seat_hold::Column::Holder.eq(holder)' 'seat_hold::Column::Holder.ne(format!("not {holder}"))'
mutant expiry server/src/store/seats/clock.rs '.gt(now.into())' '.ne(now.into())'
mutant index server/src/store/migration/m0004_seats.rs 'CREATE UNIQUE INDEX' 'CREATE INDEX'
mutant refund server/src/store/seats/payments.rs 'Effect::Refund => self.refund(hold, &why).await' 'Effect::Refund => Ok(PaymentState::Sold)'
for database in $mutant_databases; do
  for name in owner expiry index refund; do
    echo "== $database without the $name"
    status=0
    paid=()
    if [ "$name" = refund ]; then paid=(--payments); fi
    prove "$mutants/$name" "$database" "${mutant_plan[@]}" "${paid[@]}" || status=$?
    if [ "$status" -ne 1 ]; then
      echo "the proof doesn't notice that the $name is gone" >&2
      exit 1
    fi
  done
done
rm -rf "$mutants"
echo "sound on all three databases, and every mutant was noticed"
