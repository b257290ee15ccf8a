"""Arguments and options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

_SRC = "tty, file:PATH (file:- is standard input), fd:N, cmd:COMMAND, keyring:SERVICE/USER."

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before changing the target.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the plan and change nothing.")]
Only = Annotated[list[str] | None, typer.Option(
    "--only", metavar="TEXT", help="Only what this names: fingerprint, e-mail, name, serial or nickname. Repeatable.")]
SkipExpired = Annotated[bool, typer.Option("--skip-expired", help="Leave expired certificates behind.")]
CopyTrust = Annotated[str, typer.Option(
    "--trust", metavar="copy|none", help="Trust in the target what the source trusts, or nothing.")]
NoRoots = Annotated[bool, typer.Option("--no-roots", help="Bring intermediates, but no root certificates.")]
Engine = Annotated[str, typer.Option(
    "--engine", metavar="native|python-nss", help="What reads and writes NSS databases.")]
FromPassword = Annotated[str | None, typer.Option(
    "--from-password", metavar="SRC", help=f"Where the source's password comes from: {_SRC}")]
ToPassword = Annotated[str | None, typer.Option(
    "--to-password", metavar="SRC", help="Where the target's password comes from, likewise.")]
FilePassword = Annotated[str | None, typer.Option(
    "--file-password", metavar="SRC", help="Where the file's password comes from, likewise.")]
NotExportable = Annotated[bool, typer.Option(
    "--not-exportable", help="Keys that arrive in a Windows store may not leave it again.")]
Protect = Annotated[bool, typer.Option(
    "--protect", help="Windows asks in a window before every use of the keys; `High` there sets a password for it.")]
