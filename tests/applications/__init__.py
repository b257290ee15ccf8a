"""Real applications asked for proof: does Firefox, Chromium, Thunderbird or Evolution use this certificate and its key?

Each check works on a copy of a profile or home, talks to a server of its own on loopback, and ends with a `Proof`, with
`NotProven` (the application ran and did not use the key) or with `SetupError` (the check could not be carried out). The
same checks are commands: ``python -m tests.applications.firefox --profile DIR --cn "Alice"``, exit status 0, 1 or 2.
"""
