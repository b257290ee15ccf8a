"""What certferry moves into the stores of Evolution, gpgsm and mutt works there, judged by those programs."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import hashes

from tests import nss_tools, pki
from tests.applications import evolution, neomutt
from tests.applications.certificates import openssl
from tests.applications.process import environment
from tests.command import certferry
from tests.profiles.gnupg.programs import Gnupg, uneven
from tests.system import require

if TYPE_CHECKING:
    from pathlib import Path

    from tests.pki import Leaf

pytestmark = [
    pytest.mark.linux("programs as Debian packs them"), pytest.mark.slow, pytest.mark.xdist_group("applications"),
]
PASSWORD = "pass wörd"
TEXT = b"Content-Type: text/plain\r\n\r\nA letter.\r\n"
ROOT = "Test Root - Certferry Tests"


RSA_AND_EC = pytest.mark.parametrize("leaf", ["rsa", "ec"], indirect=True)


@pytest.fixture
def leaf(request, alice, bob) -> Leaf:
    """An identity: of an EC key, the kind that gpgsm's own import crashes on, unless a test says otherwise."""
    return alice if getattr(request, "param", "ec") == "rsa" else bob


@pytest.fixture
def source(nss_database, leaf) -> nss_tools.Database:
    """A profile with the identity, its root trusted for servers and e-mail."""
    database = nss_database()
    database.add_p12(leaf.p12(name="Nick of it"))
    database.trust(ROOT, "CT,C,C")
    return database


def moved(*arguments, **passwords):
    """A run that must arrive."""
    ran = certferry("migrate", *arguments, **passwords)
    assert ran.status == 0, ran.out + ran.err
    return ran


def sha1(leaf: Leaf) -> str:
    """By which gpgsm is told a certificate."""
    return leaf.certificate.fingerprint(hashes.SHA1()).hex()


def same_key(database: nss_tools.Database, leaf: Leaf, nickname: str) -> None:
    """pk12util hands out the very key."""
    p12 = database.export_p12(nickname)
    pem = openssl("pkcs12", "-nodes", "-nocerts", "-passin", "pass:secret", "-legacy", data=p12)
    assert openssl("pkey", "-outform", "DER", data=pem) == openssl("pkey", "-outform", "DER", data=leaf.key_pem())


class TestGpgsm:
    """The user's GnuPG directory."""

    @pytest.mark.parametrize("password", ["", PASSWORD])
    @RSA_AND_EC
    def test_signs_and_decrypts(self, source, leaf, root, tmp_path, password):
        """gpgsm calls the certificate good, signs so that openssl verifies it to the root, and decrypts.

        gpgsm 2.2 opens no message for an EC key, not for one that GnuPG made itself either: only RSA is decrypted.
        """
        with Gnupg(tmp_path / "gnupg", password) as gnupg:
            ran = moved(f"nss:{source.path}", f"gpgsm:{gnupg.home}", "--json", target=password)
            assert ran.json["steps"][0]["trust"] == {
                root.sha256: {"server": "unknown", "email": "trusted", "code": "unknown"}}
            signature = gnupg.run("--detach-sign", "-u", sha1(leaf), data=TEXT)
            (tmp_path / "root.pem").write_bytes(root.pem)
            (tmp_path / "text").write_bytes(TEXT)
            openssl("cms", "-verify", "-binary", "-inform", "DER", "-content", tmp_path / "text", "-CAfile",
                    tmp_path / "root.pem", data=signature)
            assert "[certificate is good]" in gnupg.run("--with-validation", "-k", sha1(leaf)).decode()
            if leaf.cn == "Bob EC":
                return
            (tmp_path / "leaf.pem").write_bytes(leaf.pem)
            sealed = openssl("cms", "-encrypt", "-binary", "-aes-256-cbc", "-outform", "DER", tmp_path / "leaf.pem",
                             data=TEXT)
            assert gnupg.run("--decrypt", data=sealed) == TEXT

    def test_what_gpgsm_imported_goes_on_to_firefox(self, nss_database, alice, tmp_path):
        """A key that gpgsm took in and sealed itself arrives in an NSS profile with its chain, and is the same key."""
        target = nss_database()
        with Gnupg(tmp_path / "gnupg", PASSWORD) as gnupg:
            while uneven(file := alice.p12(PASSWORD, legacy=True), PASSWORD):
                continue
            gnupg.run("--import", data=file)
            moved(f"gpgsm:{gnupg.home}", f"nss:{target.path}", source=PASSWORD)
        assert target.flags()["Alice RSA"] == "u,u,u"
        same_key(target, alice, "Alice RSA")

    def test_there_and_back(self, source, nss_database, leaf, tmp_path):
        """An EC key too comes back as it went, with its nickname; a second run plans nothing."""
        place, target = f"gpgsm:{tmp_path / 'gnupg'}", nss_database()
        moved(f"nss:{source.path}", place, target=PASSWORD)
        assert certferry("migrate", f"nss:{source.path}", place, "--json").json["status"] == "nothing"
        moved(place, f"nss:{target.path}", source=PASSWORD)
        same_key(target, leaf, "Nick of it")

    def test_openpgp_keys_stay(self, source, tmp_path):
        """The keybox is shared with gpg: its keys are listed by gpg as before, and undo leaves them."""
        with Gnupg(tmp_path / "gnupg", "") as gnupg:
            gnupg.run("--quick-gen-key", "Bea <bea@example.test>", "ed25519", program="gpg")
            keys = gnupg.run("--list-secret-keys", "--with-colons", program="gpg")
            keybox = (gnupg.home / "pubring.kbx").read_bytes()
            moved(f"nss:{source.path}", f"gpgsm:{gnupg.home}", target="")
            assert gnupg.run("--list-secret-keys", "--with-colons", program="gpg") == keys
            listed = certferry("list", f"gpgsm:{gnupg.home}", "--json").json["stores"][0]
            assert sum(one["has_key"] for one in listed["certificates"]) == 1
            assert any("belong to no S/MIME certificate" in one["message"] for one in listed["problems"])
            assert certferry("undo", f"gpgsm:{gnupg.home}", "--yes").status == 0
            assert gnupg.run("--list-secret-keys", "--with-colons", program="gpg") == keys
            assert (gnupg.home / "pubring.kbx").read_bytes() == keybox

    def test_a_root_that_the_user_refuses(self, source, leaf, root, tmp_path):
        """Stays refused although it is not there yet: the plan says so, and gpgsm goes on refusing it."""
        with Gnupg(tmp_path / "gnupg", "") as gnupg:
            listed = f"!{root.certificate.fingerprint(hashes.SHA1()).hex()} S\n"
            (gnupg.home / "trustlist.txt").write_text(listed)
            ran = moved(f"nss:{source.path}", f"gpgsm:{gnupg.home}", "--yes", target="")
            assert "the target distrusts Test Root" in ran.err and "made for it" not in ran.err
            assert (gnupg.home / "trustlist.txt").read_text() == listed
            assert "[certificate is good]" not in gnupg.run("--with-validation", "-k", sha1(leaf)).decode()

    def test_undo_says_which_key_had_to_stay(self, source, leaf, intermediate, tmp_path):
        """That of a renewal with the same key, which came since; gpgsm signs with it."""
        with Gnupg(tmp_path / "gnupg", "") as gnupg:
            moved(f"nss:{source.path}", f"gpgsm:{gnupg.home}", target="")
            gnupg.run("--import", data=intermediate.renewed(leaf, same_key=True).pem)
            ran = certferry("undo", "--yes")
            assert ran.status == 0 and "but for what is told below" in ran.out and "came since needs it" in ran.err
            assert certferry("list", f"gpgsm:{gnupg.home}", "--json").json["stores"][0]["certificates"][0]["has_key"]

    def test_a_linked_list_of_roots(self, source, tmp_path):
        """Is not written through, with a hint that can be followed; nothing arrives."""
        place = tmp_path / "gnupg"
        place.mkdir(mode=0o700)
        (tmp_path / "elsewhere").write_text("# mine\n")
        (place / "trustlist.txt").symlink_to(tmp_path / "elsewhere")
        ran = certferry("migrate", f"nss:{source.path}", f"gpgsm:{place}", "--yes", target="")
        assert ran.status == 4 and "is a link" in ran.err and "Put a copy of the file" in ran.err
        assert (tmp_path / "elsewhere").read_text() == "# mine\n"

    def test_trust_alone_asks_for_no_passphrase(self, source, leaf, tmp_path):
        """The list of roots is open: its root is trusted later, nobody is asked for a passphrase of new keys."""
        with Gnupg(tmp_path / "gnupg", "") as gnupg:
            moved(f"nss:{source.path}", f"gpgsm:{gnupg.home}", "--trust", "none", target="")
            assert "[certificate is good]" not in gnupg.run("--with-validation", "-k", sha1(leaf)).decode()
            moved(f"nss:{source.path}", f"gpgsm:{gnupg.home}", "--yes")
            assert "[certificate is good]" in gnupg.run("--with-validation", "-k", sha1(leaf)).decode()

    def test_a_new_key_beside_open_ones_is_sealed(self, source, nss_database, intermediate, tmp_path):
        """With the passphrase that --to-password gives, which is asked for where none is named."""
        more, place = nss_database(), tmp_path / "gnupg"
        more.add_p12(intermediate.leaf("Carl", email="carl@example.test").p12())
        moved(f"nss:{source.path}", f"gpgsm:{place}", target="")
        ran = certferry("migrate", f"nss:{more.path}", f"gpgsm:{place}", "--yes")
        assert ran.status == 3 and "a new passphrase for the keys" in ran.err
        moved(f"nss:{more.path}", f"gpgsm:{place}", target=PASSWORD)
        keys = (place / "private-keys-v1.d").iterdir()
        assert sorted("(protected-private-key" in one.read_text() for one in keys) == [False, True]

    def test_a_running_agent_learns_of_the_root(self, source, leaf, tmp_path):
        """gpg-agent, which reads its list of roots once, reads it again; no agent is left that was not there."""
        with Gnupg(tmp_path / "gnupg", "") as gnupg:
            gnupg.run("--list-secret-keys")  # starts one
            moved(f"nss:{source.path}", f"gpgsm:{gnupg.home}", target="")
            assert "[certificate is good]" in gnupg.run("--with-validation", "-k", sha1(leaf)).decode()
        quiet = tmp_path / "quiet"
        moved(f"nss:{source.path}", f"gpgsm:{quiet}", target="")
        assert not [path for path in quiet.iterdir() if path.is_socket()]

    def test_keyboxd_is_refused(self, source, tmp_path):
        """A directory whose certificates only keyboxd can write is left as it is, with the way on."""
        place = tmp_path / "gnupg"
        place.mkdir(mode=0o700)
        (place / "common.conf").write_text("use-keyboxd\n")
        ran = certferry("migrate", f"nss:{source.path}", f"gpgsm:{place}", target="")
        assert ran.status == 7 and "keyboxd" in ran.err and "gpgsm --import" in ran.err
        assert [path.name for path in place.iterdir()] == ["common.conf"]

    def test_a_wrong_passphrase(self, source, nss_database, tmp_path):
        """One try, exit status 3, and nothing arrives."""
        place, target = f"gpgsm:{tmp_path / 'gnupg'}", nss_database()
        moved(f"nss:{source.path}", place, target=PASSWORD)
        ran = certferry("migrate", place, f"nss:{target.path}", source="another")
        assert ran.status == 3 and "opens none of the keys" in ran.err
        assert target.flags() == {}


class TestMutt:
    """The directory of smime_keys."""

    @pytest.mark.parametrize("password", ["", PASSWORD])
    @RSA_AND_EC
    def test_signs_and_decrypts_as_mutt_does(self, source, leaf, root, tmp_path, password):
        """With the commands of Debian's smime.rc, the passphrase by standard input."""
        place = tmp_path / "smime"
        ran = moved(f"nss:{source.path}", f"mutt:{place}", target=password)
        (key,) = [path for path in (place / "keys").iterdir() if path.name != ".index"]
        assert f'set smime_default_key = "{key.name}"' in ran.out + ran.err
        assert ("ENCRYPTED" in key.read_text(), key.stat().st_mode & 0o777) == (bool(password), 0o600)
        line = (place / "certificates/.index").read_text().split()
        assert line[:3] == [leaf.certificate.extensions.get_extension_for_class(
            pki.x509.SubjectAlternativeName).value[0].value, key.name, "Nick_of_it"]
        assert line[4:] == ["t", "se"]
        text, certificate = tmp_path / "text", place / "certificates" / key.name
        text.write_bytes(TEXT)
        passphrase = f"{password}\n".encode()
        signature = openssl("smime", "-sign", "-md", "sha256", "-signer", certificate, "-inkey", key, "-passin",
                            "stdin", "-in", text, "-certfile", place / "certificates" / line[3], "-outform", "DER",
                            data=passphrase)
        (tmp_path / "root.pem").write_bytes(root.pem)
        openssl("smime", "-verify", "-inform", "DER", "-content", text, "-CAfile", tmp_path / "root.pem",
                data=signature)
        sealed = tmp_path / "sealed"
        sealed.write_bytes(openssl("cms", "-encrypt", "-aes256", "-outform", "DER", "-in", text, certificate))
        assert b"A letter." in openssl("cms", "-decrypt", "-passin", "stdin", "-inform", "DER", "-in", sealed,
                                       "-inkey", key, "-recip", certificate, data=passphrase)

    @pytest.mark.parametrize("program", ["neomutt", "mutt"])
    def test_the_program_itself_signs(self, source, leaf, root, home, tmp_path, program):
        """With the lines that the report told, typed at on a terminal; openssl verifies what it sent to the root."""
        ran = moved(f"nss:{source.path}", "mutt", target="typed secret", source="")
        lines = [line for line in (ran.out + ran.err).splitlines() if line.startswith("set smime_")]
        der = neomutt.signs(program, home, tmp_path, lines="\n".join(lines), sender="bob@example.test",
                            password="typed secret", ca=root.pem)
        assert der == leaf.der

    def test_its_own_script_finds_all_in_order(self, source, home):
        """smime_keys lists the certificate as trusted with its key, verifies its chain, and leaves its indexes be."""
        moved(f"nss:{source.path}", "mutt", target=PASSWORD)
        before = {path: path.read_bytes() for path in (home / ".smime").rglob(".index")}
        listed = smime_keys(home, "list")
        assert "(Trusted)" in listed and "Matching private key installed" in listed
        assert ": OK" in smime_keys(home, "refresh")
        assert {path: path.read_bytes() for path in before} == before

    def test_what_smime_keys_took_in_goes_on_to_firefox(self, nss_database, alice, home, tmp_path):
        """Its files, with the text that openssl puts before the key, and a key of its making."""
        smime_keys(home, "init")
        text = openssl("pkcs12", "-legacy", "-passin", "pass:secret", "-passout", f"pass:{PASSWORD}",
                       data=alice.p12(name="Friendly"))
        pem = tmp_path / "alice.pem"
        pem.write_bytes(text)
        smime_keys(home, "add_pem", pem, typed="work\n")
        target = nss_database()
        moved("mutt", f"nss:{target.path}", source=PASSWORD)
        same_key(target, alice, "work" if "work" in target.flags() else "Friendly")

    def test_undo_leaves_what_smime_keys_added_since(self, source, home, intermediate, tmp_path):
        """Another certificate that came in afterwards stays, and so do its lines."""
        moved(f"nss:{source.path}", "mutt", target=PASSWORD)
        later = tmp_path / "later.pem"
        later.write_bytes(intermediate.leaf("Later", email="later@example.test").pem)
        smime_keys(home, "add_cert", later, typed="later\n")
        assert certferry("undo", "mutt", "--yes").status == 0
        assert "later@example.test" in (home / ".smime/certificates/.index").read_text()
        assert len((home / ".smime/certificates/.index").read_text().splitlines()) == 1
        assert not [path for path in (home / ".smime/keys").iterdir() if path.name != ".index"]

    def test_without_an_address_it_is_refused(self, nss_database, intermediate, tmp_path):
        """mutt could not find it; nothing is left behind."""
        database, place = nss_database(), tmp_path / "smime"
        database.add_p12(intermediate.leaf("Nobody").p12())
        ran = certferry("migrate", f"nss:{database.path}", f"mutt:{place}", target="")
        assert ran.status == 7 and "e-mail address" in ran.out + ran.err
        assert not [path for path in place.rglob("*") if path.is_file()] if place.exists() else True


def smime_keys(home: Path, *arguments, typed: str = "") -> str:
    """What neomutt's script says, with the configuration that Debian ships."""
    muttrc = home / "muttrc"
    muttrc.write_text("source /etc/neomuttrc.d/smime.rc\n")
    wrapper = home / "neomutt"
    wrapper.write_text(f'#!/bin/sh\nexec {require("neomutt")} -n -F {muttrc} "$@"\n')
    wrapper.chmod(0o700)
    done = subprocess.run([require("/usr/libexec/neomutt/smime_keys"), *map(str, arguments)], input=typed.encode(),
                          capture_output=True, timeout=60, check=False,
                          env=environment(home, home) | {"MUTT_CMDLINE": str(wrapper)})
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


class TestEvolution:
    """Its NSS database and its account sources; libcamel, with which it signs and decrypts, is the judge."""

    SOURCE = ("[Data Source]\nDisplayName=Arbeit\nEnabled=true\n\n[Mail Identity]\nAddress={}\nName=Älice\n\n"
              "[Secure MIME (S/MIME)]\nSigningCertificate=\nEncryptionCertificate=\nSignByDefault=false\n")

    @pytest.fixture
    def account(self, home, leaf):
        """An account of hers, and something else beside it."""
        address = leaf.certificate.extensions.get_extension_for_class(pki.x509.SubjectAlternativeName).value[0].value
        place = home / ".config/evolution/sources"
        place.mkdir(parents=True)
        path = place / "abc123.source"
        path.write_text(self.SOURCE.format(address))
        (place / "calendar.source").write_text("[Data Source]\nDisplayName=Kalender\n")
        return path

    @RSA_AND_EC
    def test_signs_and_decrypts(self, source, leaf, root, home, account):
        """By the nickname that the account names after the move, below the chain that came along."""
        before = account.read_bytes()
        ran = moved(f"nss:{source.path}", "evolution", "--associate", "auto", "--sign", "--json")
        assert ran.json["steps"][0]["associated"] != []
        assert account.read_text().splitlines()[-3:] == [
            "SigningCertificate=Nick of it", "EncryptionCertificate=Nick of it", "SignByDefault=true"]
        rsa = leaf.cn == "Alice RSA"  # NSS 3.87 decodes no message for an EC key
        evolution.signs_and_decrypts(home=home, cn=leaf.cn, ca=root.pem, sha256=leaf.sha256, decrypt=rsa)
        again = certferry("migrate", f"nss:{source.path}", "evolution", "--associate", "auto")
        assert again.status == 0 and "nothing to do" in again.out
        assert certferry("undo", "--yes").status == 0
        assert account.read_bytes() == before

    def test_a_taken_nickname(self, source, nss_database, leaf, intermediate, home, account):
        """The account names the nickname that the certificate got, not the one that somebody else has."""
        (home / ".pki").mkdir()
        database = nss_tools.create(home / ".pki/nssdb")
        database.add_p12(intermediate.leaf("Other", key="rsa-2048").p12(name="Nick of it"))
        moved(f"nss:{source.path}", "evolution", "--associate", "auto")
        assert "SigningCertificate=Nick of it #2\n" in account.read_text()
        evolution.signs_and_decrypts(home=home, cn=leaf.cn, sha256=leaf.sha256, decrypt=False)

    def test_chromium_is_not_robbed_of_its_database(self, source, home):
        """No ~/.pki/nssdb is made where Chromium's own database would go out of its sight."""
        place = home / ".local/share/pki/nssdb"
        place.parent.mkdir(parents=True)
        nss_tools.create(place)
        ran = certferry("migrate", f"nss:{source.path}", "evolution")
        assert ran.status == 8 and "hide" in ran.err
        assert not (home / ".pki").exists()


def test_stores_lists_them(source, home):
    """`certferry stores` shows all three, where something is in them."""
    place = home / ".config/evolution/sources"
    place.mkdir(parents=True)
    for target in ("gpgsm", "mutt", "evolution"):
        moved(f"nss:{source.path}", target, target="")
    found = {one["location"]: one["identities"] for one in certferry("stores", "--json").json["stores"]}
    assert found.items() >= {("gpgsm", 1), ("mutt", 1), ("evolution", 1)}
    assert "GNUPGHOME" not in os.environ
