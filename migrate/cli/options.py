"""Arguments and options that several commands share."""

from __future__ import annotations

from typing import Annotated, Literal

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
Associate = Annotated[str | None, typer.Option(
    "--associate", metavar="EMAIL|auto",
    help="Have the target's mail account with that address use what arrives; auto: every account that it fits.")]
Sign = Annotated[bool | None, typer.Option(
    "--sign/--no-sign", help="With an association: sign new mail by default, or not. Left as it is otherwise.")]
Encrypt = Annotated[bool | None, typer.Option(
    "--encrypt/--no-encrypt", help="With an association: encrypt new mail by default, or not. Likewise.")]
Contacts = Annotated[bool, typer.Option(
    "--with-contacts", help="Bring the e-mail certificates of other people too.")]
Engine = Annotated[Literal["native", "python-nss"], typer.Option(
    "--engine", metavar="native|python-nss", help="What reads and writes NSS databases.")]
FromPassword = Annotated[str | None, typer.Option(
    "--from-password", metavar="SRC", help=f"Where the source's password comes from: {_SRC}")]
ToPassword = Annotated[str | None, typer.Option(
    "--to-password", metavar="SRC", help="Where the target's password comes from, likewise.")]
FilePassword = Annotated[str | None, typer.Option(
    "--file-password", metavar="SRC", help="Where the file's password comes from, likewise.")]
For = Annotated[str | None, typer.Option(
    "--for", metavar="TARGET", help="Write PKCS#12 so that this can read it: windows, windows-legacy, macos, macos14, "
    "ios, android, java, java8, openssl3, openssl1, nss, gpgsm, notes or any. Strong ciphers if not given.")]
NotExportable = Annotated[bool, typer.Option(
    "--not-exportable", help="Keys that arrive in a Windows store may not leave it again.")]
Protect = Annotated[bool, typer.Option(
    "--protect", help="Windows asks in a window before every use of the keys; `High` there sets a password for it.")]
