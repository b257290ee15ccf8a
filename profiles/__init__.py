"""Stores of certificates and keys as they are: find, list, hand out, take in, trust, undo."""
