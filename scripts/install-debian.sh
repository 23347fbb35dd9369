#!/usr/bin/env bash
# Installs the Debian packages that a part of the build or of the tests needs, and skips what is there.
#
#   scripts/install-debian.sh GROUP...
#
#   build        a C compiler and linker: Rust's linker, SQLite
#   python       Python 3 with venv: the Autobahn runner and a foreign peer
#   databases    MariaDB and PostgreSQL servers, for scripts/with-databases.sh
#   browsers     Chromium, Firefox and WebKit with a virtual screen, and Korean fonts
#   proxy        nginx, for the Socket.IO replays behind it
#   fuzz         a C++ compiler: libFuzzer
#
# Node and Rust aren't among them, since Debian's are too old: scripts/check-tools.sh says what to do.
# Works as root or with sudo. Elsewhere than on Debian, install the like of what it names and run again.
set -euo pipefail

# Lines of "package probe": a command, or a path with globs, that shows that it is there.
packages_of() {
  case $1 in
    build) echo "gcc cc
libc6-dev /usr/include/stdlib.h" ;;
    python) echo "python3 python3
python3-venv import:ensurepip" ;;
    databases) echo "mariadb-server mariadbd
postgresql /usr/lib/postgresql/*/bin/initdb" ;;
    browsers) echo "chromium chromium
firefox-esr firefox-esr
webkit2gtk-driver WebKitWebDriver
xvfb Xvfb
fonts-dejavu-core /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf
fonts-noto-cjk /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc" ;;
    proxy) echo "nginx nginx" ;;
    fuzz) echo "g++ c++" ;;
    *) die "no such group: $1 (build, python, databases, browsers, proxy, fuzz)" ;;
  esac
}

die() { echo "install-debian: $*" >&2; exit 1; }

present() {
  case $1 in
    import:*) python3 -c "import ${1#import:}" 2>/dev/null ;;
    /*) compgen -G "$1" >/dev/null ;;
    # Servers live in sbin, which is not on everybody's path.
    *) PATH=$PATH:/usr/sbin command -v "$1" >/dev/null ;;
  esac
}

[ $# -gt 0 ] || { sed -n '2,/^set -/{/^set -/d;s/^# \{0,1\}//;p}' "$0"; exit 2; }

missing=()
for group in "$@"; do
  list=$(packages_of "$group")
  while read -r package probe; do
    present "$probe" || missing+=("$package")
  done <<<"$list"
done
[ ${#missing[@]} -gt 0 ] || exit 0

command -v apt-get >/dev/null || die "missing: ${missing[*]} (Debian's names); there is no apt-get here, so install their like by hand"
root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || die "missing: ${missing[*]}; run as root: apt-get install --no-install-recommends ${missing[*]}"
  root=(sudo)
fi

# The tests start databases and a proxy of their own, so a package's service needn't run on this machine.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  "${root[@]}" sh -c "printf '#!/bin/sh\nexit 101\n' > $policy && chmod 755 $policy"
  trap '"${root[@]}" rm -f $policy' EXIT
fi

install() {
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" </dev/null >"$log" 2>&1
}

log=$(mktemp)
echo "install-debian: installing ${missing[*]}"
# The package lists of a fresh image are empty, and old ones name versions that are gone or slow to drive: Firefox 140 takes a second for each key.
"${root[@]}" apt-get update -qq || die "apt-get update failed"
install || { tail -n 20 "$log" >&2; die "could not install ${missing[*]}"; }
rm -f "$log"
