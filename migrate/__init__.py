"""What a move is: chain, plan, engine, verification, report and the command line."""

__version__ = "0.1.0"
