"""The commands and what they take; the work is imported when it is asked for."""

from __future__ import annotations

from typing import Annotated

import typer

from migrate import __version__
from migrate.cli import options, reported

app = typer.Typer(
    name="certferry",
    help="Moves a certificate with its private key, its chain and its trust from any store to any other.",
    invoke_without_command=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(value: bool) -> None:
    if value:
        typer.echo(f"certferry {__version__}")
        raise typer.Exit


@app.callback()
def _global(
    context: typer.Context,
    _version: Annotated[bool, typer.Option(
        "--version", callback=_print_version, is_eager=True, help="Print the version and exit.")] = False,
) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), err=True)
        raise typer.Exit(2)


@app.command()
def stores(
    root: Annotated[str | None, typer.Option(
        "--root", metavar="DIR", help="Look on a disk mounted at DIR instead of this computer.")] = None,
    json: options.Json = False,
) -> None:
    """Every store on this computer or a disk."""
    with reported(to_json=json):
        from migrate.cli import looking
        from profiles.products.places import named_path

        looking.stores(named_path(root) if root is not None else None, to_json=json)


@app.command(name="list")
def list_(
    locations: Annotated[list[str] | None, typer.Argument(
        metavar="[LOCATION]...", help="Stores or files; all stores on this computer if none is named.")] = None,
    file_password: options.FilePassword = None,
    json: options.Json = False,
) -> None:
    """Certificates and keys; asks no password."""
    with reported(to_json=json):
        from migrate.cli import looking

        raise typer.Exit(looking.listings(tuple(locations or ()), file_password, to_json=json))


@app.command()
def migrate(
    source: Annotated[str, typer.Argument(metavar="FROM", help="The store to move from, e.g. firefox or nss:DIR.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="The store to move to, e.g. p12:FILE or nss:DIR.")],
    only: options.Only = None,
    skip_expired: options.SkipExpired = False,
    trust: options.CopyTrust = "copy",
    no_roots: options.NoRoots = False,
    reader: options.For = None,
    associate: options.Associate = None,
    sign: options.Sign = None,
    encrypt: options.Encrypt = None,
    with_contacts: options.Contacts = False,
    not_exportable: options.NotExportable = False,
    protect: options.Protect = False,
    from_password: options.FromPassword = None,
    to_password: options.ToPassword = None,
    file_password: options.FilePassword = None,
    engine: options.Engine = "native",
    dry_run: options.DryRun = False,
    yes: options.Yes = False,
    json: options.Json = False,
) -> None:
    """Move identities and prove that they arrived.

    Each comes with its key, its chain and the trust in it, whole or not at all.
    """
    with reported(to_json=json):
        from migrate.cli import moving

        asked = moving.Asked(source, target, tuple(only or ()), skip_expired=skip_expired, trust=trust,
                             roots=not no_roots, from_password=from_password, to_password=to_password,
                             file_password=file_password, engine=engine, reader=reader, associate=associate, sign=sign,
                             encrypt=encrypt, contacts=with_contacts, not_exportable=not_exportable, protect=protect)
        raise typer.Exit(moving.migrate(asked, dry_run=dry_run, yes=yes, to_json=json))


@app.command()
def backup(
    source: Annotated[str, typer.Argument(metavar="FROM", help="The store to back up.")],
    place: Annotated[str, typer.Argument(
        metavar="FILE.p12|DIR/", help="The file to make, or a directory for one file for each identity.")],
    only: options.Only = None,
    reader: options.For = None,
    together: Annotated[bool, typer.Option("--together", help="Put all identities into one file.")] = False,
    replace: Annotated[bool, typer.Option(
        "--replace", help="Replace a file that is there; `undo` brings it back.")] = False,
    generate: Annotated[bool, typer.Option(
        "--generate", help="Make a password, and show it once on the terminal.")] = False,
    write_password: Annotated[str | None, typer.Option(
        "--password-to", metavar="FILE", help="With --generate: write the password into this new file.")] = None,
    from_password: options.FromPassword = None,
    file_password: options.FilePassword = None,
    engine: options.Engine = "native",
    dry_run: options.DryRun = False,
    yes: options.Yes = False,
    json: options.Json = False,
) -> None:
    """Save identities in files, and prove them.

    PKCS#12 with key, chain and trust; each file is re-opened and every key in it signs.
    """
    with reported(to_json=json):
        from migrate.cli import saving

        asked = saving.Asked(source, place, tuple(only or ()), reader=reader, together=together, replace=replace,
                             generate=generate, write_password=write_password, from_password=from_password,
                             file_password=file_password, engine=engine)
        raise typer.Exit(saving.backup(asked, dry_run=dry_run, yes=yes, to_json=json))


@app.command()
def restore(
    file: Annotated[str, typer.Argument(
        metavar="FILE|DIR", help="A backup, a directory of them, or any PKCS#12 or PEM file.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="The store to put it into.")],
    only: options.Only = None,
    trust: options.CopyTrust = "copy",
    no_roots: options.NoRoots = False,
    associate: options.Associate = None,
    sign: options.Sign = None,
    encrypt: options.Encrypt = None,
    not_exportable: options.NotExportable = False,
    protect: options.Protect = False,
    file_password: options.FilePassword = None,
    to_password: options.ToPassword = None,
    engine: options.Engine = "native",
    dry_run: options.DryRun = False,
    yes: options.Yes = False,
    json: options.Json = False,
) -> None:
    """Put what a file holds into a store."""
    with reported(to_json=json):
        from migrate.cli import moving
        from profiles.products.places import named_path

        asked = moving.Asked(file, target, tuple(only or ()), trust=trust, roots=not no_roots,
                             to_password=to_password, file_password=file_password, engine=engine,
                             associate=associate, sign=sign, encrypt=encrypt, not_exportable=not_exportable,
                             protect=protect)
        directory = named_path(file)
        if directory.is_dir():
            from migrate.cli import restoring

            if restoring.holds_backups(directory):
                raise typer.Exit(restoring.restore(asked, directory, dry_run=dry_run, yes=yes, to_json=json))
        raise typer.Exit(moving.migrate(asked, dry_run=dry_run, yes=yes, to_json=json))


@app.command()
def check(
    location: Annotated[str, typer.Argument(metavar="LOCATION", help="A store or a file, e.g. alice.p12 or firefox.")],
    reader: Annotated[str | None, typer.Option(
        "--for", metavar="TARGET", help="Who has to open the file, e.g. macos14.")] = None,
    from_password: options.FromPassword = None,
    file_password: options.FilePassword = None,
    engine: options.Engine = "native",
    json: options.Json = False,
) -> None:
    """What a store or file holds, and what is wrong.

    Tells a wrong password from an unknown cipher, a broken file and a missing key. Changes nothing.
    """
    with reported(to_json=json):
        from migrate.cli import checking

        raise typer.Exit(checking.check(location, file_password or from_password, reader, engine, to_json=json))


@app.command()
def doctor(
    where: Annotated[str | None, typer.Argument(
        metavar="[APPLICATION|LOCATION]", help="All on this computer if none is named.")] = None,
    json: options.Json = False,
) -> None:
    """Why a certificate is not offered, and what to do.

    Looks at what applications on this computer have, and says what mends it. Asks no password, changes nothing.
    """
    with reported(to_json=json):
        from migrate.cli import checking

        raise typer.Exit(checking.doctor(where, to_json=json))


@app.command()
def convert(
    source: Annotated[str, typer.Argument(metavar="IN", help="The file to start from; it stays as it is.")],
    out: Annotated[str, typer.Argument(metavar="OUT", help="The file to make, or with --split the directory.")],
    reader: Annotated[str | None, typer.Option(
        "--for", metavar="TARGET", help="Who has to open it, e.g. macos14, windows-legacy, java8 or any.")] = None,
    split: Annotated[bool, typer.Option("--split", help="One file for each identity, in a directory.")] = False,
    only: options.Only = None,
    file_password: options.FilePassword = None,
    to_password: options.ToPassword = None,
    dry_run: options.DryRun = False,
    json: options.Json = False,
) -> None:
    """Make a file anew, for another program.

    Keeps the password unless --to-password names another; completes the chain; never replaces a file.
    """
    with reported(to_json=json):
        from migrate.cli import converting

        asked = converting.Asked(source, out, reader, tuple(only or ()), split, file_password, to_password)
        raise typer.Exit(converting.convert(asked, dry_run=dry_run, to_json=json))


@app.command()
def mail(
    location: Annotated[str, typer.Argument(metavar="LOCATION", help="The store of a mail program, e.g. thunderbird.")],
    address: Annotated[str | None, typer.Option(
        "--set", metavar="EMAIL|auto",
        help="Have the account with that address use a certificate in the store.")] = None,
    only: options.Only = None,
    sign: options.Sign = None,
    encrypt: options.Encrypt = None,
    to_password: options.ToPassword = None,
    dry_run: options.DryRun = False,
    yes: options.Yes = False,
    json: options.Json = False,
) -> None:
    """Which certificate each mail account uses.

    Also whether it is there, valid, and for that address; with --set, gives an account another one.
    """
    with reported(to_json=json):
        if address is None:
            from migrate.cli.mail import show

            show(location, to_json=json, only_with_set={
                "--only": only or None, "--sign": sign, "--encrypt": encrypt, "--to-password": to_password,
                "--dry-run": dry_run or None})
            return
        from migrate.cli import moving

        asked = moving.Asked(location, location, tuple(only or ()), to_password=to_password, associate=address,
                             sign=sign, encrypt=encrypt)
        raise typer.Exit(moving.migrate_in(asked, dry_run=dry_run, yes=yes, to_json=json))


@app.command()
def guide(
    topic: Annotated[str | None, typer.Argument(metavar="[TOPIC]", help="What about; all topics if left out.")] = None,
    file: Annotated[str | None, typer.Option(
        "--file", metavar="FILE", help="Your file, to be named in the steps.")] = None,
    json: options.Json = False,
) -> None:
    """The steps to do by hand where no program can."""
    with reported(to_json=json):
        from migrate.cli import showing

        showing.guide(topic, file, to_json=json)


@app.command()
def undo(
    location: Annotated[str | None, typer.Argument(
        metavar="[LOCATION]", help="The store to put back; the one migrated to last if none is named.")] = None,
    yes: options.Yes = False,
    json: options.Json = False,
) -> None:
    """Take the last migration back."""
    with reported(to_json=json):
        from migrate.cli import undoing

        undoing.undo(location, yes=yes, to_json=json)


@app.command()
def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Leave the sample profiles there to look at.")] = False,
    json: options.Json = False,
) -> None:
    """The main job on sample profiles.

    Builds two in a temporary directory, moves an identity between them, and removes them.
    """
    with reported(to_json=json):
        from migrate.cli import showing

        raise typer.Exit(showing.demo(keep=keep, to_json=json))
