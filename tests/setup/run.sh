#!/bin/sh
# Everything from a fresh checkout: packages, a virtual environment, ruff, mypy, and all tests, fast ones first.
# Ends with all tests that failed, "N passed, N failed, N skipped" and a status other than 0 if anything was wrong.
set -u
cd "$(dirname "$0")/../.." || exit 2
exec </dev/null
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore

find_python() {
    for name in python3.11 python3.12 python3.13 python3.14 python3 /usr/bin/python3; do
        if "$name" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$name"
            return
        fi
    done
    echo "no Python 3.11 or later with venv" >&2
    return 1
}

wrong=""
step() { # NAME COMMAND...
    step_name=$1
    shift
    echo "== $step_name"
    "$@" || wrong="$wrong $step_name,"
}

run_pytest() { # SECONDS OPTION...
    limit=$1
    shift
    timeout --kill-after=30 "$limit" "$python" -m pytest --quiet -p no:cacheprovider "$@"
}

step "system packages" sh tests/setup/install.sh
python=.venv/bin/python
if ! "$python" -c '' 2>/dev/null; then
    rm -rf .venv
    found=$(find_python) && "$found" -m venv .venv || exit 2
fi
"$python" -m pip install --quiet --editable '.[dev]' || exit 2

step "Windows Python" bash tests/setup/winpython.sh

step "ruff" "$python" -m ruff check .
step "mypy" "$python" -m mypy

CERTFERRY_TEST_TALLY=$(mktemp) || exit 2
export CERTFERRY_TEST_TALLY
trap 'rm -f "$CERTFERRY_TEST_TALLY"' EXIT
step "fast tests" run_pytest 1200 -m "not slow"
step "slow tests" run_pytest 2000 -m slow

# The same suite once more where certferry is at home on Windows: what needs Linux is left out by its mark, with a reason.
step "tests on a Windows Python" timeout --kill-after=30 1500 "$python" -m tests.windows \
    -m pytest --quiet -p no:cacheprovider

echo
awk '/^FAILED / { print; next }
     { passed += $1; failed += $2; skipped += $3 }
     END { printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped }' "$CERTFERRY_TEST_TALLY"
if [ -n "$wrong" ]; then
    echo "wrong: ${wrong%,}"
    exit 1
fi
