"""Keys and accounts arrive together or not at all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from profiles.errors import StoreInUse, VerificationFailed
from profiles.mail import recover
from tests.askers import Given
from tests.migrate.mailing import ALICE, holding, leaf, migration, outcomes, used
from tests.profiles.mail.accounts import client, opened, profile


class TestWhole:
    """Keys and accounts arrive together or not at all."""

    def test_settings_that_cannot_be_written(self, tmp_path, monkeypatch):
        """The key is taken back; both are as they were."""
        alice, place = leaf(), profile(tmp_path / "p", {"id1": ALICE})
        before, moving = (place / "prefs.js").read_bytes(), migration(holding(alice), place)
        plan = moving.plan()

        def fail(*_: object) -> None:
            raise VerificationFailed("the disk")

        monkeypatch.setattr(type(moving.client), "associate", fail)
        report = moving.run(plan)
        assert [one.code for one in report.outcomes] == ["verification-failed"]
        assert outcomes(report)["id1"] == ("failed", "not-arrived")
        assert opened(place).list().entries == ()
        assert (place / "prefs.js").read_bytes() == before
        assert client(place).unfinished() == ()

    def test_settings_that_do_not_show_it(self, tmp_path, monkeypatch):
        """Success is what a fresh look says."""
        place = profile(tmp_path / "p", {"id1": ALICE})
        moving, before = migration(holding(leaf()), place), (place / "prefs.js").read_bytes()
        plan = moving.plan()
        monkeypatch.setattr(type(moving.client), "associate", lambda *_: None)
        assert [one.code for one in moving.run(plan).outcomes] == ["verification-failed"]
        assert opened(place).list().entries == ()
        assert (place / "prefs.js").read_bytes() == before

    def test_a_record_that_cannot_be_closed(self, tmp_path, monkeypatch):
        """What arrived has arrived; the next start closes it, and it can be undone."""
        alice, place = leaf(), profile(tmp_path / "p", {"id1": ALICE})
        moving, before = migration(holding(alice), place), (place / "prefs.js").read_bytes()

        def fail(*_: object) -> None:
            raise VerificationFailed("the disk")

        plan = moving.plan()
        monkeypatch.setattr(type(moving.client), "finish", fail)
        assert moving.run(plan).status == "done"
        monkeypatch.undo()
        assert used(place)["id1"] == (alice.sha256, alice.sha256)
        client(place).restore(moving.points[0])
        assert (place / "prefs.js").read_bytes() == before

    @pytest.mark.parametrize("moment", ["prepare", "associate", "finish"])
    def test_ctrl_c(self, tmp_path, monkeypatch, moment):
        """Whenever it comes, the next start finds both or neither."""
        alice, place = leaf(), profile(tmp_path / "p", {"id1": ALICE})
        moving, before = migration(holding(alice), place), (place / "prefs.js").read_bytes()
        plan, real = moving.plan(), getattr(type(moving.client), moment)

        def interrupt(*arguments: object) -> None:
            real(*arguments)
            raise KeyboardInterrupt

        monkeypatch.setattr(type(moving.client), moment, interrupt)
        with pytest.raises(KeyboardInterrupt):
            moving.run(plan)
        monkeypatch.undo()
        there = opened(place).list().entry(alice.sha256) is not None
        assert used(place)["id1"] == ((alice.sha256, alice.sha256) if there else (None, None))
        assert there is (moment == "finish")
        assert there or (place / "prefs.js").read_bytes() == before

    @pytest.mark.parametrize("moment", ["prepare", "associate"])
    def test_another_certferry_meanwhile(self, tmp_path, monkeypatch, moment):
        """Whoever opens the store while a run is under way leaves what that run has pending."""
        alice, place = leaf(), profile(tmp_path / "p", {"id1": ALICE})
        moving = migration(holding(alice), place)
        plan, real = moving.plan(), getattr(type(moving.client), moment)

        def looked(*arguments: object) -> object:
            done = real(*arguments)
            recover(opened(place))
            return done

        monkeypatch.setattr(type(moving.client), moment, looked)
        report = moving.run(plan)
        assert (report.status, outcomes(report)["id1"]) == ("done", ("set", ""))
        assert used(place)["id1"] == (alice.sha256, alice.sha256)
        assert client(place).unfinished() == ()

    def test_taken_back_before_the_end(self, tmp_path, monkeypatch):
        """By somebody who did not wait: the key is there, and nobody is told that the account uses it."""
        alice, place = leaf(), profile(tmp_path / "p", {"id1": ALICE})
        moving = migration(holding(alice), place)
        plan, real = moving.plan(), type(moving.client).finish

        def late(mail: object, point: str) -> None:
            client(place).restore(point)
            real(mail, point)

        monkeypatch.setattr(type(moving.client), "finish", late)
        report = moving.run(plan)
        assert (report.status, outcomes(report)["id1"]) == ("partial", ("failed", "store-in-use"))
        assert moving.points == []
        assert opened(place).list().entry(alice.sha256).has_key

    def test_while_the_program_runs(self, tmp_path, monkeypatch):
        """Refused before a password is asked for and before anything is written."""
        place = profile(tmp_path / "p", {"id1": ALICE})
        moving = migration(holding(leaf()), place)
        plan, asked = moving.plan(), Given("")

        def running(*_: object) -> None:
            raise StoreInUse("Thunderbird is running")

        monkeypatch.setattr(type(moving.client), "require_writable", running)
        with pytest.raises(StoreInUse):
            replace(moving, ask_target=asked, ask_source=asked).run(plan)
        assert asked.asked == 0
        assert opened(place).list().entries == ()
