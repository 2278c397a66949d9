"""The parts behind the door: the breaker by a clock of its own, and thoughts told from answers."""

from __future__ import annotations

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.bot.llm_breaker import Breaker
from munshi.bot.llm_faults import Fault, RefusedError
from munshi.bot.llm_thinking import ThoughtFilter, answer_start
from munshi.knowledge.base import ChatModelError


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(failures=3, pause=30, longest=300, clock=clock)


def _call(breaker: Breaker, *, well: bool) -> bool:
    """Whether the call got through to the server."""
    through = False
    with suppress(ChatModelError), breaker.guard("it"):
        through = True
        if not well:
            raise ChatModelError("down")
    return through


def test_it_shuts_after_three_failures_in_a_row_alone(breaker: Breaker) -> None:
    assert [_call(breaker, well=well) for well in (False, False, True, False, False, False)] == [True] * 6
    assert not _call(breaker, well=True)


def test_each_probe_that_fails_doubles_the_pause_up_to_the_longest(breaker: Breaker, clock: Clock) -> None:
    for _ in range(3):
        _call(breaker, well=False)
    for pause in (30, 60, 120, 240, 300, 300):
        clock.now += pause - 1
        assert not _call(breaker, well=True)
        clock.now += 2
        assert _call(breaker, well=False)
        assert not _call(breaker, well=True)


def test_a_probe_that_succeeds_opens_it_for_all(breaker: Breaker, clock: Clock) -> None:
    for _ in range(3):
        _call(breaker, well=False)
    clock.now += 31
    assert _call(breaker, well=True)
    assert [_call(breaker, well=False) for _ in range(3)] == [True] * 3
    assert not _call(breaker, well=True)


def test_only_one_probe_goes_at_a_time(breaker: Breaker, clock: Clock) -> None:
    for _ in range(3):
        _call(breaker, well=False)
    clock.now += 31
    with breaker.guard("it"):
        assert not _call(breaker, well=True)
    assert _call(breaker, well=True)


@pytest.mark.parametrize("error", [RefusedError("no", Fault("answered 400")), KeyboardInterrupt(), GeneratorExit()])
def test_what_tells_nothing_of_the_server_counts_for_nothing(
    breaker: Breaker, clock: Clock, error: BaseException
) -> None:
    for _ in range(5):
        with suppress(type(error)), breaker.guard("it"):
            raise error
    assert _call(breaker, well=True)
    for _ in range(3):
        _call(breaker, well=False)
    clock.now += 31
    with suppress(type(error)), breaker.guard("it"):
        raise error
    assert _call(breaker, well=True), "the next one probes in its place"


THOUGHTS = st.text(st.sampled_from("ab <>\n"), max_size=12)


def _streamed(text: str, cuts: list[int]) -> str:
    thoughts = ThoughtFilter()
    places = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    shown = "".join(thoughts.feed(text[start:end]) for start, end in pairwise(places))
    return shown + thoughts.finish()


@given(THOUGHTS, THOUGHTS, st.lists(st.integers(0, 60)))
def test_a_thought_is_held_back_however_it_is_cut(thought: str, answer: str, cuts: list[int]) -> None:
    text = f"<think>{thought}</think>\n\n{answer}"
    assert _streamed(text, cuts) == text[answer_start(text) :] == answer.lstrip()


@given(st.text(st.sampled_from("think<>/ b\n"), max_size=20), st.lists(st.integers(0, 60)))
def test_a_text_without_thoughts_is_let_through_however_it_is_cut(text: str, cuts: list[int]) -> None:
    if "<think>" in text or "</think>" in text:
        return
    assert _streamed(text, cuts) == text[answer_start(text) :] == text


@given(st.text(st.sampled_from("ab"), min_size=1, max_size=12), st.lists(st.integers(0, 60)))
def test_no_closing_mark_is_ever_shown(thought: str, cuts: list[int]) -> None:
    with pytest.raises(ChatModelError):
        _streamed(f"{thought}</think>answer", [1, *cuts])
