"""What the seam promises of every native call."""

from __future__ import annotations

import ctypes

import pytest

from profiles.windows.native import DWORD, USUAL, Native, NativeError


def writing(answer, *, error=234):
    """Calls that write ``answer``, and how often they were made."""
    made = []

    def load(_name, _prototype):
        def call(_context, _number, out, size):
            made.append(1)
            room = ctypes.cast(size, ctypes.POINTER(DWORD)).contents
            if error and room.value < len(answer):
                room.value = len(answer)
                return 0
            ctypes.memmove(out, answer, len(answer))
            room.value = len(answer)
            return 1

        return call

    return Native(load, lambda: error, lambda _: None), made


@pytest.mark.parametrize(("size", "calls"), [(0, 1), (5, 1), (USUAL, 1), (USUAL + 1, 2), (1 << 20, 2)])
def test_what_a_call_writes(size, calls):
    """All of it comes, in one call unless it is unusually long: a call that uses a key may show a window."""
    native, made = writing(bytes(number % 251 for number in range(size)))
    assert native.sized("CertGetCertificateContextProperty", None, 3) == bytes(number % 251 for number in range(size))
    assert len(made) == calls


def test_a_call_that_fails_otherwise():
    """Is no matter of room."""
    native, _ = writing(b"x" * (USUAL + 1), error=5)
    with pytest.raises(NativeError) as caught:
        native.sized("CertGetCertificateContextProperty", None, 3)
    assert caught.value.code == 5
