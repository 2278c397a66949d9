"""What the garbage collector passes by, and how it is let go of all the same."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from munshi.bot.lasting import leave_alone_what_lasts


class Index:
    """Something large that lasts until another takes its place, and names itself."""

    def __init__(self) -> None:
        self.whole = self


@pytest.fixture(autouse=True)
def _seen_again() -> Iterator[None]:
    yield
    gc.unfreeze()


def test_what_lasts_is_not_looked_over_again() -> None:
    index = Index()
    leave_alone_what_lasts()
    assert not any(each is index for each in gc.get_objects())


def test_what_was_passed_by_and_replaced_is_let_go() -> None:
    index = Index()
    leave_alone_what_lasts()
    left = weakref.ref(index)
    index = Index()
    leave_alone_what_lasts()
    assert left() is None
    assert index.whole is index
