"""The load of `benchmarks.load`, small: it runs against a real server, and its checks see what could go wrong."""

from __future__ import annotations

import random
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from benchmarks.load import look_over, opened, stream, until_answered, until_sent
from benchmarks.load_floor import floor
from benchmarks.load_meta import Meta, Said
from benchmarks.load_shop import deliver, shop
from munshi.bot.store import Store

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the load reads /proc")


@dataclass(frozen=True)
class Loaded:
    """What was brought to a shop, some of it twice, and what is left of it there and at Meta."""

    store: Store
    given: Sequence[Said]
    meta: Meta


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory, home: Path) -> Iterator[Loaded]:
    folder = tmp_path_factory.mktemp("load")
    given = [replace(one, phone=f"9198000000{number % 4:02d}") for number, one in enumerate(stream(40, seed=1))]
    with pytest.MonkeyPatch.context() as patch, Meta() as meta:
        patch.setenv("MUNSHI_HOME", str(home))
        patch.setenv("MUNSHI_ENCODER", "none")
        options = Namespace(database="")
        with shop(meta, folder, database="", workers=0) as running, opened(options, folder) as store:
            in_time = sorted(given, key=lambda one: one.at)
            deliver(running.port, [[one] for one in in_time], rate=0)
            deliver(running.port, [[one] for one in random.Random(1).sample(given, 8)], rate=0)
            until_answered(store, given)
            until_sent(store)
            yield Loaded(store, given, meta)


def faults(loaded: Loaded, taken: Sequence[tuple[str, str]]) -> list[str]:
    return list(look_over(loaded.store, loaded.given, Meta(list(taken))))


def test_each_message_is_answered_once(loaded: Loaded) -> None:
    assert len(loaded.meta.taken) >= 40
    found = faults(loaded, loaded.meta.taken)
    assert not [fault for fault in found if "another order" not in fault or "parts" in fault], found


def lost(taken: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return taken[:7] + taken[8:]


def doubled(taken: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [*taken, (taken[0][0], "another")]


def turned_round(taken: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return taken[::-1]


@pytest.mark.parametrize("fault", [lost, doubled, turned_round])
def test_the_checks_see_what_meta_did_not_get_or_got_otherwise(
    fault: Callable[[list[tuple[str, str]]], list[tuple[str, str]]], loaded: Loaded
) -> None:
    assert [each for each in faults(loaded, fault(loaded.meta.taken)) if "parts" in each]


def test_the_checks_see_a_message_that_has_no_answer(loaded: Loaded) -> None:
    one = replace(loaded.given[0], id="wamid.gone", text="lost on its way")
    assert list(look_over(loaded.store, [*loaded.given, one], loaded.meta))


def test_the_floor_takes_what_meta_brings(tmp_path: Path) -> None:
    with floor(tmp_path) as port:
        assert len(deliver(port, [[one] for one in stream(5, seed=1)], rate=0)) == 5
