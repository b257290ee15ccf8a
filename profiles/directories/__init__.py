"""Directories of many small files as stores: what GnuPG's and mutt's have in common."""
