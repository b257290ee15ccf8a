"""What netsh says of certificate bindings; the samples are written after Microsoft's documentation, not recorded."""

from __future__ import annotations

import sys

import pytest

from profiles.windows.bindings import IIS, Binding, bindings, parse

OLD, NEW = "f98adf786994c1e4a153f53fe20f94210267d0e7", "0123456789abcdef0123456789abcdef01234567"
ENGLISH = f"""
SSL Certificate bindings:
-------------------------

    IP:port                      : 0.0.0.0:443
    Certificate Hash             : {OLD}
    Application ID               : {IIS}
    Certificate Store Name       : My
    Verify Client Certificate Revocation : Enabled
    Verify Revocation Using Cached Client Certificate Only : Disabled
    Usage Check                  : Enabled
    Revocation Freshness Time    : 0
    URL Retrieval Timeout        : 0
    Ctl Identifier               : (null)
    Ctl Store Name               : (null)
    DS Mapper Usage              : Disabled
    Negotiate Client Certificate : Disabled

    IP:port                      : [::]:8443
    Certificate Hash             : {NEW.upper()}
    Application ID               : {{00112233-4455-6677-8899-AABBCCDDEEFF}}
    Certificate Store Name       : (null)

    Hostname:port                : www.example.test:443
    Certificate Hash             : {OLD}
    Application ID               : {IIS}
    Certificate Store Name       : WebHosting

    Central Certificate Store    : 443
    Certificate Hash             : (null)
    Application ID               : {IIS}
    Certificate Store Name       : (null)
"""
GERMAN = f"""
SSL-Zertifikatbindungen:
-------------------------

    IP:Port                      : 0.0.0.0:443
    Zertifikathash             : {OLD}
    Anwendungs-ID               : {IIS}
    Zertifikatspeichername       : My
    Clientzertifikatsperre überprüfen : Enabled
"""
FRENCH = f"""
    IP:port\u00a0: 0.0.0.0:443
    Hachage du certificat\u00a0: {OLD}
    ID de l’application\u00a0: {IIS}
    Nom du magasin de certificats\u00a0: My
"""
SPANISH = f"""
    IP:puerto: 0.0.0.0:443
    Hash del certificado: {OLD}
    Id. de aplicación: {IIS}
    Nombre del almacén de certificados: My
"""
CHINESE = f"""
    IP:端口\uff1a 0.0.0.0:443
    证书哈希\uff1a {OLD}
    应用程序 ID\uff1a {IIS}
    证书存储名称\uff1aMy
"""
JAPANESE = f"""
    IP:ポート                     : 0.0.0.0:443
    証明書ハッシュ                : {OLD}
    アプリケーション ID           : {IIS}
    証明書ストア名                : My
"""
FIRST = Binding("0.0.0.0:443", OLD, IIS, "My")


def test_all_kinds_of_bindings() -> None:
    """By address, by name and without a certificate of their own."""
    assert parse(ENGLISH) == (
        FIRST,
        Binding("[::]:8443", NEW, "{00112233-4455-6677-8899-AABBCCDDEEFF}", ""),
        Binding("www.example.test:443", OLD, IIS, "WebHosting"))
    assert [one.by_name for one in parse(ENGLISH)] == [False, False, True]


@pytest.mark.parametrize("text", [GERMAN, FRENCH, SPANISH, CHINESE, JAPANESE,
                                  GERMAN.encode("cp850").decode("ascii", "replace")])
def test_in_any_language(text: str) -> None:
    """Also where the code page was guessed wrong."""
    assert parse(text) == (FIRST,)


@pytest.mark.parametrize("text", ["", "\n\n", "Das System kann die angegebene Datei nicht finden.\n",
                                  "The requested operation requires elevation (Run as administrator).", "a : b\n: :\n"])
def test_nothing_there(text: str) -> None:
    """No bindings, no rights, or something else altogether."""
    assert parse(text) == ()


def test_the_command_for_the_new_certificate() -> None:
    """With what tells addresses from names; braces and blanks quoted, which cmd.exe and PowerShell both take."""
    update, quoted = "netsh http update sslcert", f'"appid={IIS}"'
    assert [one.rebind(NEW) for one in parse(ENGLISH) if one.thumbprint == OLD] == [
        f"{update} ipport=0.0.0.0:443 certhash={NEW} {quoted} certstorename=My",
        f"{update} hostnameport=www.example.test:443 certhash={NEW} {quoted} certstorename=WebHosting"]
    assert parse(ENGLISH)[1].rebind(OLD).endswith("certstorename=MY")
    (remote,) = parse(ENGLISH.partition("[::]")[0].replace(": My", ": Remote Desktop"))
    assert remote.rebind(NEW).endswith(' "certstorename=Remote Desktop"')


@pytest.mark.parametrize("name", ["a&calc", "a;calc", 'a"b', "$(calc)", "a|b", "`calc`"])
def test_what_a_shell_would_take_for_more_than_a_name(name: str) -> None:
    """Is no host name, and not made part of a command."""
    assert parse(ENGLISH.partition("IP:port")[0] + f"""
    Hostname:port                : {name}:443
    Certificate Hash             : {OLD}
    Application ID               : {IIS}
    Certificate Store Name       : My
""") == ()


def test_this_computer() -> None:
    """Asking is harmless: elsewhere than on Windows there are none, and Wine's netsh says nothing."""
    found = bindings()
    assert found == () or sys.platform == "win32"
