"""Which results a number is made of: inside `with reading() as names:`, `names` has what was asked for, `{"paper-analysis"}`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, wraps
from typing import ParamSpec, TypeVar

_open: list[set[str]] = []
P = ParamSpec("P")
R = TypeVar("R")


def note(*names: str) -> None:
    """Say that results of these names are read now."""
    for one in _open:
        one.update(names)


@contextmanager
def reading() -> Iterator[set[str]]:
    """The names noted inside."""
    _open.append(set())
    try:
        yield _open[-1]
    finally:
        _open.pop()


def remembered(function: Callable[P, R]) -> Callable[P, R]:
    """`functools.cache`; a value that is kept notes again what it was made of."""

    @cache
    def kept(*args: P.args, **kwargs: P.kwargs) -> tuple[R, frozenset[str]]:
        with reading() as names:
            return function(*args, **kwargs), frozenset(names)

    @wraps(function)
    def again(*args: P.args, **kwargs: P.kwargs) -> R:
        value, names = kept(*args, **kwargs)
        note(*names)
        return value

    return again
