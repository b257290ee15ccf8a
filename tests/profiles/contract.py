"""What every store promises: one suite, run against each of them; see ``StoreContract``."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from profiles.errors import Error
from tests.profiles.holding import Holding
from tests.profiles.stepping import Stepping

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.profiles.place import Place


class StoreContract(Holding, Stepping):
    """The behaviours. A subclass brings the hook ``make`` and says what its store cannot do, and why.

    A behaviour in ``limits`` (with ``[id]`` for one of its parameters) must fail, by assertion or by an ``Error``: a
    limit that is none any more is noticed.
    """

    limits: ClassVar[dict[str, str]] = {}

    @pytest.fixture
    def make(self) -> Callable[[], Place]:
        """The hook: a function that makes a fresh place with every call."""
        raise NotImplementedError

    @pytest.fixture(autouse=True)
    def _limit(self, request: pytest.FixtureRequest) -> None:
        for name in (request.node.name, request.node.originalname):
            if name in self.limits:
                mark = pytest.mark.xfail(reason=self.limits[name], raises=(AssertionError, Error), strict=True)
                request.applymarker(mark)


def behaviours() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every behaviour by name, once for each value of its parameter."""
    for name in sorted(dir(StoreContract)):
        if name.startswith("test_"):
            marks = [mark.args for mark in getattr(getattr(StoreContract, name), "pytestmark", [])]
            choices = [[(parameter, value) for value in values] for parameter, values in marks]
            yield from ((name, dict(chosen)) for chosen in product(*choices))


def broken(make: Callable[[], Place]) -> set[str]:
    """The behaviours that a store does not show."""
    found = set()
    for name, arguments in behaviours():
        try:
            getattr(StoreContract(), name)(make, **arguments)
        except (Exception, pytest.fail.Exception):  # noqa: BLE001 - however it comes to light
            found.add(name)
    return found
