"""The directory in which mutt and neomutt keep S/MIME certificates and keys, as their ``smime_keys`` lays it out."""
