#!/usr/bin/env bash
# Runs a command beside a MariaDB and a PostgreSQL server of its own, and takes both away afterwards.
#
#   scripts/with-databases.sh COMMAND [ARGUMENT...]
#
# The command sees MADANG_TEST_MYSQL_URL and MADANG_TEST_POSTGRES_URL, whose user may create databases, and
# MADANG_TEST_DATABASES=required, so that a test that can't reach them fails instead of skipping.
# MADANG_TEST_MYSQL_PID and MADANG_TEST_POSTGRES_PID name files with their process ids: a server that is ended is started again.
# The servers listen on free loopback ports and keep their data in a temporary directory. As root, they run as
# Debian's users mysql and postgres, since both refuse to run as root.
set -euo pipefail

START_SECONDS=60 # until both answer: a slow disk needs about 20
STOP_SECONDS=20  # for both to end after being asked to

say() { echo "with-databases: $*" >&2; }
die() { say "$*"; exit 1; }

[ $# -gt 0 ] || { sed -n '2,/^set -/{/^set -/d;s/^# \{0,1\}//;p}' "$0"; exit 2; }
"$(dirname "$0")/install-debian.sh" databases
PATH=$PATH:/usr/sbin
postgres_bin=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)

dir=$(mktemp -d "${TMPDIR:-/tmp}/madang-databases.XXXXXX")
mysql_pid='' postgres_pid='' command_pid='' keepers=''

finish() {
  status=$?
  trap - EXIT
  trap '' INT TERM HUP
  [ -z "$command_pid" ] || kill -TERM "$command_pid" 2>/dev/null || true
  # Whoever starts the servers again, doesn't any more.
  for pid in $keepers; do kill -TERM "$pid" 2>/dev/null || true; done
  for pid in $keepers; do wait "$pid" 2>/dev/null || true; done
  if [ -n "$keepers" ]; then mysql_pid=$(cat "$dir/mysql.pid") postgres_pid=$(cat "$dir/postgres.pid"); fi
  [ -z "$mysql_pid" ] || kill -TERM "$mysql_pid" 2>/dev/null || true
  # SIGINT is PostgreSQL's fast shutdown: it doesn't wait for clients that are still connected.
  [ -z "$postgres_pid" ] || kill -INT "$postgres_pid" 2>/dev/null || true
  for pid in $mysql_pid $postgres_pid; do
    for ((tenths = STOP_SECONDS * 10; tenths > 0; tenths--)); do
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.1
    done
    if kill -KILL "$pid" 2>/dev/null; then say "process $pid had to be killed"; fi
  done
  wait || true
  rm -rf "$dir"
  exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# Below the kernel's ephemeral ports, so that no outgoing connection takes one in between.
free_port() {
  local port
  for _ in {1..100}; do
    port=$((12000 + RANDOM % 8000))
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
  done
  die "found no free port"
}

# as USER COMMAND...: becomes that user where this is root. Without a process in between, so that $! is the server.
as() {
  local user=$1
  shift
  if [ "$(id -u)" -eq 0 ]; then
    exec setpriv --reuid="$user" --regid="$user" --init-groups "$@"
  else
    exec "$@"
  fi
}

# await NAME PID PROBE...: until the probe succeeds.
await() {
  local name=$1 pid=$2
  shift 2
  for ((tenths = START_SECONDS * 10; tenths > 0; tenths--)); do
    if "$@" >/dev/null 2>&1; then return; fi
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  tail -n 20 "$dir/$name.log" >&2
  die "$name did not start"
}

started=$SECONDS
chmod 755 "$dir"
mkdir "$dir/mysql" "$dir/postgres"
if [ "$(id -u)" -eq 0 ]; then
  chown mysql:mysql "$dir/mysql"
  chown postgres:postgres "$dir/postgres"
fi
cd "$dir" # neither user may be able to enter the directory this was called from

# What is durable is lost with the directory anyway, so nothing waits for the disk.
(as mysql mariadb-install-db --no-defaults --datadir="$dir/mysql/data" --auth-root-authentication-method=normal \
  --skip-test-db) >"$dir/mysql.log" 2>&1 &
mysql_pid=$!
(as postgres "$postgres_bin/initdb" --pgdata="$dir/postgres/data" --username=madang --auth=trust --encoding=UTF8 \
  --locale=C.UTF-8 --no-sync) >"$dir/postgres.log" 2>&1 &
postgres_pid=$!
wait "$mysql_pid" || { tail -n 20 "$dir/mysql.log" >&2; die "MariaDB could not make its data directory"; }
wait "$postgres_pid" || { tail -n 20 "$dir/postgres.log" >&2; die "PostgreSQL could not make its data directory"; }

mysql_port=$(free_port)
postgres_port=$(free_port)
while [ "$postgres_port" = "$mysql_port" ]; do postgres_port=$(free_port); done

start_mysql() {
  as mysql mariadbd --no-defaults --datadir="$dir/mysql/data" --socket="$dir/mysql/socket" --pid-file="$dir/mysql/pid" \
    --bind-address=127.0.0.1 --port="$mysql_port" --character-set-server=utf8mb4 --skip-log-bin \
    --innodb-flush-log-at-trx-commit=2 --max-connections=500
}
start_postgres() {
  as postgres "$postgres_bin/postgres" -D "$dir/postgres/data" -h 127.0.0.1 -p "$postgres_port" -k "$dir/postgres" \
    -c fsync=off -c max_connections=500
}
# keep NAME: the server, again and again, until this is asked to end.
keep() {
  local pid
  trap 'exit 0' TERM
  while :; do
    "start_$1" >>"$dir/$1.log" 2>&1 &
    pid=$!
    echo "$pid" >"$dir/$1.pid"
    wait "$pid" || true
    sleep 0.2 # one that can't start isn't tried as fast as the machine can
  done
}
keep mysql &
mysql_pid=$!
keep postgres &
postgres_pid=$!
keepers="$mysql_pid $postgres_pid"

mysql() { command mariadb --no-defaults --socket="$dir/mysql/socket" --user=root "$@"; }
await mysql "$mysql_pid" mysql --execute='SELECT 1'
mysql --execute="CREATE DATABASE madang; CREATE USER madang@'127.0.0.1' IDENTIFIED BY 'madang';
  CREATE USER madang@localhost IDENTIFIED BY 'madang'; GRANT ALL ON *.* TO madang@'127.0.0.1'; GRANT ALL ON *.* TO madang@localhost"
psql() { "$postgres_bin/psql" --no-psqlrc --quiet --host=127.0.0.1 --port="$postgres_port" --username=madang "$@"; }
await postgres "$postgres_pid" psql --dbname=postgres --command='SELECT 1'
psql --dbname=postgres --command='CREATE DATABASE madang'

export MADANG_TEST_MYSQL_URL=mysql://madang:madang@127.0.0.1:$mysql_port/madang
export MADANG_TEST_POSTGRES_URL=postgres://madang:madang@127.0.0.1:$postgres_port/madang
export MADANG_TEST_MYSQL_PID=$dir/mysql.pid MADANG_TEST_POSTGRES_PID=$dir/postgres.pid
export MADANG_TEST_DATABASES=required
say "MariaDB on port $mysql_port and PostgreSQL on port $postgres_port after $((SECONDS - started)) s"

cd "$OLDPWD"
# In the background, so that a signal is acted on at once and not when the command has ended.
"$@" <&0 &
command_pid=$!
status=0
wait "$command_pid" || status=$?
command_pid=''
exit "$status"
