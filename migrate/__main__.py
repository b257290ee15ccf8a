"""``python -m migrate`` is the ``certferry`` command."""

from migrate.cli import main

main()
