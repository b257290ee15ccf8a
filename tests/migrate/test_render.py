"""What the command line says on a terminal."""

from __future__ import annotations

from migrate import render


def test_an_announcement_shows_names_as_they_are(capsys):
    """It tells whom to trust, so a certificate cannot hide or rewrite a part of it."""
    render.announcement("Windows now asks whether to trust the root Good\x1b[2K\rBank\u202e")
    assert capsys.readouterr().err == "Windows now asks whether to trust the root Good\\x1b[2K\\rBank\\u202e\n"
