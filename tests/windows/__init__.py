"""certferry under a real Windows Python, run by Wine in prefixes of its own."""
