#!/bin/sh
# Installs the system packages the tests need (packages.txt); does nothing when all are there. Debian and Ubuntu, as root.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

missing=$(
    sed 's/#.*//' "$here/packages.txt" | while read -r package proof; do
        [ -n "$package" ] || continue
        command -v "$proof" >/dev/null 2>&1 || [ -e "$proof" ] || echo "$package"
    done | sort -u | tr '\n' ' '
)
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1 || [ "$(id -u)" != 0 ]; then
    echo "please install: $missing" >&2
    exit 1
fi
echo "installing: $missing"
export DEBIAN_FRONTEND=noninteractive
install="apt-get install --yes --quiet --no-install-recommends"
# The lists first: with old ones an old Firefox is installed, without the NSS whose databases are to be read.
apt-get update --quiet </dev/null || echo "the package lists could not be brought up to date" >&2
# shellcheck disable=SC2086 # words on purpose
$install $missing </dev/null
