"""A stand-in for macOS' ``security``, which runs on no other system: identity preferences as its manual page has them.

Written after security(1) and SecurityTool/macOS/identity_prefs.c, and not compared with a real one. Run as a program
with the path of a JSON file first, it keeps there what is preferred, and knows the identities that are listed in it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main(state: Path, command: str, *arguments: str) -> int:
    found = json.loads(state.read_text())
    found["asked"].append([command, *arguments])
    options = dict(zip(arguments, (*arguments[1:], ""), strict=True))
    name = options["-s"]
    status = 0
    if found.get("fails"):
        print(found["fails"], file=sys.stderr)
        status = 1
    elif command == "get-identity-preference":
        thumbprint = found["preferred"].get(name)
        if thumbprint is None:
            print("security: SecIdentityCopyPreferred: The specified item could not be found in the keychain.",
                  file=sys.stderr)
            status = 44
        elif "-Z" in arguments:
            print(f"SHA-256 hash: {'0' * 64}\nSHA-1 hash: {thumbprint}")
    elif "-n" in arguments:
        found["preferred"].pop(name, None)
    elif options["-Z"] not in found["identities"]:
        print("security: SecKeychainSearchCopyNext: The specified item could not be found in the keychain.",
              file=sys.stderr)
        status = 44
    else:
        found["preferred"][name] = options["-Z"]
    state.write_text(json.dumps(found))
    return status


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))
