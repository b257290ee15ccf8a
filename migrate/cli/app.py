"""The commands and what they take; the work is imported when it is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from migrate import __version__
from migrate.cli import options, reported

app = typer.Typer(
    name="certferry",
    help="Moves a certificate with its private key, its chain and its trust from any store to any other.",
    no_args_is_help=True,
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
    _version: Annotated[bool, typer.Option(
        "--version", callback=_print_version, is_eager=True, help="Print the version and exit.")] = False,
) -> None:
    pass


@app.command()
def stores(
    root: Annotated[Path | None, typer.Option(
        "--root", metavar="DIR", help="Look on a disk mounted at DIR instead of this computer.")] = None,
    json: options.Json = False,
) -> None:
    """Every store on this computer or a disk."""
    with reported(to_json=json):
        from migrate.cli import looking

        looking.stores(root, to_json=json)


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
                             file_password=file_password, engine=engine,
                             not_exportable=not_exportable, protect=protect)
        raise typer.Exit(moving.migrate(asked, dry_run=dry_run, yes=yes, to_json=json))


@app.command()
def backup(
    source: Annotated[str, typer.Argument(metavar="FROM", help="The store to back up.")],
    file: Annotated[Path, typer.Argument(metavar="FILE.p12", help="The file to make; an existing one is refused.")],
    only: options.Only = None,
    from_password: options.FromPassword = None,
    file_password: options.FilePassword = None,
    engine: options.Engine = "native",
    dry_run: options.DryRun = False,
    yes: options.Yes = False,
    json: options.Json = False,
) -> None:
    """Save identities in a file, and prove it.

    One PKCS#12 file with keys, chains and trust; it is re-opened and every key in it signs.
    """
    with reported(to_json=json):
        from migrate.cli import moving

        asked = moving.Asked(source, f"p12:{file}", tuple(only or ()), from_password=from_password,
                             file_password=file_password, engine=engine)
        raise typer.Exit(moving.backup(asked, file, dry_run=dry_run, yes=yes, to_json=json))


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A backup, or any PKCS#12 or PEM file.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="The store to put it into.")],
    only: options.Only = None,
    trust: options.CopyTrust = "copy",
    no_roots: options.NoRoots = False,
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

        asked = moving.Asked(str(file), target, tuple(only or ()), trust=trust, roots=not no_roots,
                             to_password=to_password, file_password=file_password, engine=engine,
                             not_exportable=not_exportable, protect=protect)
        raise typer.Exit(moving.migrate(asked, dry_run=dry_run, yes=yes, to_json=json))


@app.command()
def undo(
    location: Annotated[str | None, typer.Argument(
        metavar="[LOCATION]", help="The store to put back; the one migrated to last if none is named.")] = None,
    yes: options.Yes = False,
    json: options.Json = False,
) -> None:
    """Take the last migration back."""
    with reported(to_json=json):
        from migrate.cli import moving

        moving.undo(location, yes=yes, to_json=json)


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
