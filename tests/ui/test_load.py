"""The load of `benchmarks.load`, small: it runs against a real server, and its checks see what could go wrong."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from benchmarks.load_floor import floor
from benchmarks.load_meta import Meta, Said
from benchmarks.load_shop import deliver, shop
from benchmarks.load_soak import Sample, judge
from benchmarks.load_state import look_over, opened, until_answered, until_sent
from benchmarks.load_storm import disordered
from benchmarks.load_stream import stream
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
    begun = int(time.time()) - 60
    given = [
        replace(one, phone=f"9198000000{number % 4:02d}", at=begun + number, text=f"{one.text} {number}")
        for number, one in enumerate(stream(40, seed=1))
    ]
    with pytest.MonkeyPatch.context() as patch, Meta() as meta:
        patch.setenv("MUNSHI_HOME", str(home))
        patch.setenv("MUNSHI_ENCODER", "none")
        with shop(meta, folder, database="", workers=0, settle=5) as running, opened("", folder) as store:
            in_time = sorted(given, key=lambda one: one.at)
            deliver(running.port, [[one] for one in in_time], rate=0)
            deliver(running.port, [[one] for one in random.Random(1).sample(given, 8)], rate=0)
            assert not until_answered(store, given)
            assert not until_sent(store)
            yield Loaded(store, given, meta)


def faults(loaded: Loaded, taken: Sequence[tuple[str, str]]) -> list[str]:
    return list(look_over(loaded.store, loaded.given, Meta(list(taken))))


def test_each_message_is_answered_once(loaded: Loaded) -> None:
    assert len(loaded.meta.taken) >= 40
    assert faults(loaded, loaded.meta.taken) == []


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


def test_the_checks_see_two_messages_of_a_chat_that_were_answered_in_another_order(loaded: Loaded) -> None:
    first, second = [place for place, one in enumerate(loaded.given) if one.phone == loaded.given[0].phone][:2]
    swapped = list(loaded.given)
    swapped[first], swapped[second] = (
        replace(swapped[first], at=swapped[second].at),
        replace(swapped[second], at=swapped[first].at),
    )
    (fault,) = look_over(loaded.store, swapped, loaded.meta)
    assert fault == f"{swapped[first].phone}: the messages were answered in another order"


def test_a_message_that_is_never_answered_is_told_of_and_not_waited_for_without_end(loaded: Loaded) -> None:
    run = loaded.given[0].id.rpartition(".")[0]
    lost = replace(loaded.given[0], id=f"{run}.gone")
    assert until_answered(loaded.store, [*loaded.given, lost], patience=0) == {lost.id}


def test_a_storm_brings_each_message_and_a_fifth_of_them_again_later() -> None:
    given = stream(100, seed=1)
    requests, again = disordered(given, seed=1)
    brought = [one.id for (one,) in requests]
    assert (again, len(brought), set(brought)) == (20, 120, {one.id for one in given})
    assert brought != sorted(brought, key=[one.id for one in given].index)


def soaked(mib: Callable[[int], float], open_: Callable[[int], int]) -> list[Sample]:
    """A run of 20 minutes with a sample every two seconds, and the noise of an allocator."""
    noise = random.Random(1)
    return [Sample(2.0 * n, mib(n) + noise.choice((0, 0.5, 2)), open_(n)) for n in range(600)]


@pytest.mark.parametrize(
    ("mib", "open_", "flat"),
    [
        (lambda _: 300, lambda n: 40 + n % 5, True),
        (lambda n: 200 + min(100, n), lambda _: 40, True),  # it warms up
        (lambda n: 300 + n / 60, lambda _: 40, False),  # 10 MiB in the run
        (lambda _: 300, lambda n: 40 + n // 60, False),
    ],
)
def test_a_soak_tells_what_grows_from_what_only_trembles(
    mib: Callable[[int], float], open_: Callable[[int], int], *, flat: bool
) -> None:
    assert judge("web", soaked(mib, open_)) is flat


def test_the_floor_takes_what_meta_brings(tmp_path: Path) -> None:
    with floor(tmp_path) as port:
        assert len(deliver(port, [[one] for one in stream(5, seed=1)], rate=0)) == 5
