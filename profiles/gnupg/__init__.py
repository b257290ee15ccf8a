"""The user's GnuPG directory, as gpgsm and what stands on it (KMail, Kleopatra, Claws, mutt) use it for S/MIME."""
