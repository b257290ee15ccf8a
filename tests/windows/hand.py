"""The files that ``manual.md`` works with: ``python -m tests.windows.hand DIRECTORY``; needs what certferry needs."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

from cryptography import x509

from profiles.files.armour import armour
from profiles.model import Level, Trust
from tests import keys, pki
from tests.issuing import Validity, issue, name_of

PASSWORD = "secret"
DAYS = Validity(pki.NOW - timedelta(days=1), pki.NOW + timedelta(days=30))
LATER = Validity(pki.NOW - timedelta(hours=1), pki.NOW + timedelta(days=40))
TPM = """[NewRequest]
Subject = "CN=Hand TPM"
KeyLength = 2048
ProviderName = "Microsoft Platform Crypto Provider"
RequestType = Cert
"""
SERVICE = r"""cd /d C:\hand
v\Scripts\certferry migrate pem:trusted.pem windows --yes > service.txt 2>&1
echo status %errorlevel% >> service.txt
"""
"""What a service runs, which has no desktop."""


def make(place: Path, ec: str = "ec-p256") -> None:
    """Write them all; ``ec`` is the kind of key of ``ec.p12``."""
    root = pki.root("Hand Root", key="rsa-2048", valid=DAYS)
    people = {name: root.leaf(f"Hand {name}", key=keys.generate(kind), valid=DAYS) for name, kind in (
        ("rsa", "rsa-2048"), ("ec", ec), ("trusted", "rsa-2048"), ("waiting", "rsa-2048"))}
    files = {f"{name}.p12": people[name].p12(PASSWORD, chain=()) for name in ("rsa", "ec")}
    for name, valid in (("old", DAYS), ("new", LATER)):
        files[f"{name}.p12"] = _server(root, valid).p12(PASSWORD, chain=())
    trust = Trust(server=Level.TRUSTED, email=Level.TRUSTED)
    trusted, waiting = people["trusted"], people["waiting"]
    files |= {
        "trusted.pem": trusted.pem + armour("CERTIFICATE", root.der, "Hand Root", trust) + trusted.key_pem(),
        "waiting.key": waiting.key_pem(), "waiting.crt": waiting.pem, "root.crt": root.pem,
        "pw": PASSWORD.encode(), "tpm.inf": TPM.encode(), "service.cmd": SERVICE.replace("\n", "\r\n").encode(),
    }
    for file, content in files.items():
        (place / file).write_bytes(content)


def _server(root: pki.Authority, valid: Validity) -> pki.Leaf:
    key = keys.generate("rsa-2048")
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (x509.SubjectAlternativeName([x509.DNSName("hand.test")]), False),
        (x509.ExtendedKeyUsage([pki.Eku.SERVER_AUTH]), False)]
    return pki.Leaf(issue(root.above, name_of("Hand server"), key, valid, extensions), key, root)


if __name__ == "__main__":
    make(Path(sys.argv[1]))
