"""Which hosts a server certificate is for (RFC 6125, 6.4; RFC 9525)."""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from profiles.certificate import Certificate


@lru_cache(1024)
def names(certificate: Certificate) -> frozenset[str]:
    """The host names, wildcards and IP addresses it is for, in lower case; the common name where it lists none."""
    from cryptography import x509

    found: list[str] = []
    with suppress(x509.ExtensionNotFound, x509.DuplicateExtension, x509.UnsupportedGeneralNameType, ValueError,
                  TypeError):
        if certificate.x509 is not None:
            listed = certificate.x509.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            found += listed.get_values_for_type(x509.DNSName)
            found += map(str, listed.get_values_for_type(x509.IPAddress))
    return frozenset(name.lower().rstrip(".") for name in found or [certificate.common_name])


def covers(certificate: Certificate, host: str) -> bool:
    """Whether it is for that host; a wildcard stands for exactly one label, the first."""
    _, _, above = host.partition(".")
    return bool(names(certificate) & {host, f"*.{above}"})


def serves(certificate: Certificate) -> bool:
    """Whether servers may show it."""
    return not certificate.is_ca and (not certificate.usages or bool({"server", "any"} & {*certificate.usages}))
