"""Why a certificate is not offered or not usable in an application on this computer, and what to do."""
