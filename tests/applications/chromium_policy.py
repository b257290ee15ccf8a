"""The enterprise policy that lets Chromium choose a client certificate without asking."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ETC = Path("/etc/chromium")
MANAGED = "policies/managed"
_MOUNT = 'mount --bind "$1" "$2" && shift 2 && exec "$@"'


@contextmanager
def selecting(cn: str, port: int, directory: Path) -> Iterator[list[str]]:
    """Choose the certificate with that CN on that port; gives the words to put before Chromium's command line.

    The policy is mounted over /etc/chromium in a mount namespace of Chromium's own, so nothing on the machine changes;
    where that is forbidden, a policy file is written there and removed again, by one check at a time.
    """
    chosen = {"pattern": f"https://localhost:{port}", "filter": {"SUBJECT": {"CN": cn}}}
    policy = json.dumps({"AutoSelectCertificateForUrls": [json.dumps(chosen)]})
    private = directory / "etc"
    (private / MANAGED).mkdir(parents=True)
    (private / MANAGED / "check.json").write_text(policy)
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    prefix = ["unshare", *user, "--mount", "--propagation", "private", "sh", "-c", _MOUNT, "sh", str(private), str(ETC)]
    possible = subprocess.run([*prefix, "true"], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if possible.returncode == 0:
        yield prefix
        return
    with _written(policy):
        yield []


@contextmanager
def _written(policy: str) -> Iterator[None]:
    import fcntl

    managed = ETC / MANAGED
    managed.mkdir(parents=True, exist_ok=True)
    with (Path(tempfile.gettempdir()) / f"chromium-policy-{os.geteuid()}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        path = managed / f"check-{os.getpid()}.json"
        path.write_text(policy)
        try:
            yield
        finally:
            path.unlink()
