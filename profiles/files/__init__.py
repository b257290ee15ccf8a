"""Files as stores: PKCS#12, PEM and its relatives."""
