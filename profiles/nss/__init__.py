"""NSS databases: cert9.db and key4.db, read and written without any NSS library."""
