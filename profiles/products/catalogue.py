"""The applications that keep their store in Mozilla profiles, as data."""

from __future__ import annotations

from dataclasses import dataclass

from profiles.products.home import LINUX, MACOS, WINDOWS, Installation


@dataclass(frozen=True, slots=True)
class Product:
    """An application, the word that names it in a location, and every way it is installed."""

    name: str
    kind: str
    installations: tuple[Installation, ...]
    dedicated: bool = True
    """Whether each copy of the application has a default profile of its own (Gecko 67 and later)."""


def _native(*roots: str) -> Installation:
    return Installation(LINUX, "native", roots)


def _snap(*roots: str) -> Installation:
    return Installation(LINUX, "snap", roots)


def _flatpak(*roots: str) -> Installation:
    return Installation(LINUX, "flatpak", tuple(f"~/.var/app/{root}" for root in roots))


def _windows(root: str) -> Installation:
    return Installation(WINDOWS, "native", (f"%APPDATA%/{root}",))


def _windows_store(package: str, root: str) -> Installation:
    return Installation(WINDOWS, "store", (f"%LOCALAPPDATA%/Packages/{package}/LocalCache/Roaming/{root}",))


def _macos(root: str) -> Installation:
    return Installation(MACOS, "native", (f"~/Library/{root}",))


# Firefox 147 follows the XDG specification, but an existing directory at the old place wins, even an empty one
# (bug 259356); snaps force the old place, flatpaks point XDG_CONFIG_HOME into their own directory.
# Tor Browser and Mullvad Browser are left out: they keep certificates in memory (security.nocertdb) by design.
PRODUCTS = (
    Product("Firefox", "firefox", (
        _native("~/.mozilla/firefox", "$XDG_CONFIG_HOME/mozilla/firefox"),
        _snap("~/snap/firefox/common/.mozilla/firefox"),
        _flatpak("org.mozilla.firefox/.mozilla/firefox", "org.mozilla.firefox/config/mozilla/firefox"),
        _windows("Mozilla/Firefox"),
        _windows_store("Mozilla.Firefox_n80bbvh6b1yt2", "Mozilla/Firefox"),
        _macos("Application Support/Firefox"))),
    Product("Thunderbird", "thunderbird", (
        _native("~/.thunderbird"),
        _snap("~/snap/thunderbird/common/.thunderbird"),
        _flatpak("org.mozilla.Thunderbird/.thunderbird"),
        _flatpak("org.mozilla.thunderbird/.thunderbird"),
        _windows("Thunderbird"),
        _windows_store("MozillaThunderbird.MZLA_h5892qc0xkpca", "Thunderbird"),
        _macos("Thunderbird"))),
    Product("Betterbird", "betterbird", (
        _flatpak("eu.betterbird.Betterbird/.thunderbird"),
        _native("~/.thunderbird"), _windows("Thunderbird"), _macos("Thunderbird"))),
    Product("SeaMonkey", "seamonkey", (
        _native("~/.mozilla/seamonkey"),
        _windows("Mozilla/SeaMonkey"), _macos("Application Support/SeaMonkey")), dedicated=False),
    Product("LibreWolf", "librewolf", (
        _native("~/.librewolf", "$XDG_CONFIG_HOME/librewolf/librewolf", "$XDG_CONFIG_HOME/librewolf"),
        _flatpak("io.gitlab.librewolf-community/.librewolf", "io.gitlab.librewolf-community/config/librewolf/librewolf",
                 "io.gitlab.librewolf-community/config/librewolf"),
        _windows("librewolf"), _macos("Application Support/LibreWolf"))),
    Product("Waterfox", "waterfox", (
        _native("~/.waterfox", "$XDG_CONFIG_HOME/waterfox"),
        _flatpak("net.waterfox.waterfox/.waterfox", "net.waterfox.waterfox/config/waterfox"),
        _windows("Waterfox"), _macos("Application Support/Waterfox"))),
    Product("Floorp", "floorp", (
        _native("~/.floorp", "$XDG_CONFIG_HOME/floorp"),
        _flatpak("one.ablaze.floorp/.floorp", "one.ablaze.floorp/config/floorp"),
        _windows("Floorp"), _macos("Application Support/Floorp"))),
    Product("Zen", "zen", (
        _native("~/.zen", "$XDG_CONFIG_HOME/zen"),
        _flatpak("app.zen_browser.zen/.zen", "app.zen_browser.zen/config/zen"),
        _windows("zen"), _macos("Application Support/zen"))),
    Product("IceCat", "icecat", (
        _native("~/.mozilla/icecat", "~/.icecat"),
        _windows("Mozilla/IceCat"), _macos("Application Support/IceCat"))),
    Product("Pale Moon", "palemoon", (
        _native("~/.moonchild productions/pale moon"),
        _windows("Moonchild Productions/Pale Moon"), _macos("Application Support/Pale Moon")), dedicated=False),
    Product("Basilisk", "basilisk", (
        _native("~/.basilisk-dev/basilisk", "~/.moonchild productions/basilisk"),
        _windows("Basilisk-Dev/Basilisk"), _macos("Application Support/Basilisk")), dedicated=False),
)
