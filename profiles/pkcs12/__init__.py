"""PKCS#12 (RFC 7292): the one form in which keys travel between stores."""
