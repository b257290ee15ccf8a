"""Programs that take certificates only from a person's hands: what a file for them must be like."""

from __future__ import annotations

from typing import NamedTuple


class Guided(NamedTuple):
    """A program that nothing but its own windows can give a certificate to."""

    product: str
    file: str
    """What the file is called that is made for it, unless the user says otherwise."""


# All of them get the dialect LEGACY: what Notes accepts is nowhere documented; macOS before 15 and what imports through
# it knows nothing newer (Security, pkcs12Crypto.cpp); old Androids and iPhones likewise.
GUIDED = {
    "notes": Guided("HCL Notes", "for-notes.p12"),
    "outlook-mac": Guided("Outlook for Mac", "for-outlook-mac.p12"),
    "entourage": Guided("Entourage", "for-entourage.p12"),
    "iphone": Guided("iPhone or iPad", "for-iphone.p12"),
    "android": Guided("Android", "for-android.p12"),
}
"""By the kind of the location, which is also the topic of the guide."""
