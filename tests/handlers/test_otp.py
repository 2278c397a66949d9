"""One-time codes: however many ask, guess and send at once, no more comes of it than was promised."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from munshi.bot.database import open_engine
from munshi.handlers.otp import LIFETIME, SENDS, TRIES, WINDOW, Checked, Codes, Recipient, Sent, TooMany, codes

ASHA = Recipient("+919000000101", "", "Bank")
NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
TRANSFER = {"payee": "8812", "amount": "500000", "request": "r1"}


@dataclass
class Phone:
    """A customer's phone, and the time."""

    shown: bool = False
    now: datetime = NOW
    got: list[str] = field(default_factory=list)

    def send(self, _to: Recipient, code: str) -> None:
        self.got.append(code)

    def clock(self) -> datetime:
        return self.now


@dataclass
class Desk:
    """What a turn does with codes: each call in a transaction of its own."""

    engine: Engine
    phone: Phone = field(default_factory=Phone)
    secret: bytes = b"s" * 32
    business: str = "bank"

    @property
    def codes(self) -> Codes:
        return Codes(self.business, self.secret, self.phone, self.phone.clock)

    def send(
        self,
        customer: str = "C1",
        purpose: str = "transfer",
        binding: Mapping[str, str] = TRANSFER,
        to: Recipient | None = ASHA,
    ) -> Sent | TooMany:
        with self.engine.begin() as db:
            sent = self.codes.send(db, customer, purpose, binding, to)
        if isinstance(sent, Sent):
            sent.deliver()
        return sent

    def check(
        self,
        code: str,
        customer: str = "C1",
        purpose: str = "transfer",
        binding: Mapping[str, str] = TRANSFER,
    ) -> Checked:
        with self.engine.begin() as db:
            return self.codes.check(db, customer, purpose, binding, code)


def other(code: str, by: int = 1) -> str:
    return f"{(int(code) + by) % 1_000_000:06d}"


@pytest.fixture
def desk(engine: Engine) -> Desk:
    return Desk(engine)


def test_a_code_is_good_once(desk: Desk) -> None:
    desk.send()
    (code,) = desk.phone.got
    assert len(code) == 6
    assert code.isdecimal()
    assert desk.check(code) == "ok"
    assert desk.check(code) == "used_up"


def test_a_code_is_good_for_five_minutes(desk: Desk) -> None:
    desk.send()
    desk.phone.now = NOW + LIFETIME - timedelta(seconds=1)
    assert desk.check(other(desk.phone.got[0])) == "wrong"
    desk.phone.now = NOW + LIFETIME
    assert desk.check(desk.phone.got[0]) == "expired"


def test_a_code_is_good_for_five_tries(desk: Desk) -> None:
    desk.send()
    (code,) = desk.phone.got
    assert [desk.check(other(code, by)) for by in range(1, TRIES + 1)] == ["wrong"] * (TRIES - 1) + ["used_up"]
    assert desk.check(code) == "used_up"


def test_a_new_code_takes_the_place_of_the_old_one(desk: Desk) -> None:
    desk.send()
    desk.send()
    old, new = desk.phone.got
    if old != new:
        assert desk.check(old) == "wrong"
    assert desk.check(new) == "ok"


def test_three_codes_an_hour_are_sent_to_each_customer_for_each_purpose(desk: Desk) -> None:
    for minute in range(SENDS):
        desk.phone.now = NOW + timedelta(minutes=minute)
        assert isinstance(desk.send(binding={"request": str(minute)}), Sent)
    refused = desk.send()
    assert refused == TooMany(NOW + WINDOW)
    assert isinstance(desk.send(customer="C2"), Sent)
    assert isinstance(desk.send(purpose="identify"), Sent)
    desk.phone.now = NOW + WINDOW
    assert isinstance(desk.send(), Sent)
    assert isinstance(desk.send(), TooMany)


def test_many_who_ask_at_once_get_no_more_codes_than_one(desk: Desk) -> None:
    with ThreadPoolExecutor(16) as pool:
        sent = list(pool.map(lambda _: desk.send(), range(24)))
    assert sum(isinstance(each, Sent) for each in sent) == SENDS == len(desk.phone.got)


def test_of_fifty_right_answers_at_once_one_is_ok(desk: Desk) -> None:
    desk.send()
    (code,) = desk.phone.got
    with ThreadPoolExecutor(16) as pool:
        answers = Counter(pool.map(lambda _: desk.check(code), range(50)))
    assert answers == {"ok": 1, "used_up": 49}


def test_of_many_guesses_at_once_five_are_looked_at(desk: Desk) -> None:
    desk.send()
    (code,) = desk.phone.got
    with ThreadPoolExecutor(16) as pool:
        answers = Counter(pool.map(lambda by: desk.check(other(code, by)), range(1, 51)))
    assert answers["wrong"] == TRIES - 1
    assert answers["ok"] == 0
    assert desk.check(code) == "used_up"


def test_for_a_stranger_all_is_alike_but_nobody_gets_a_code(desk: Desk) -> None:
    nobody = desk.codes.stand_in("+919000000999")
    assert nobody != desk.codes.stand_in("+919000000998")
    assert [type(desk.send(nobody, to=None)) for _ in range(SENDS + 1)] == [Sent] * SENDS + [TooMany]
    assert desk.phone.got == []


def test_what_is_kept_tells_nothing_of_the_code(desk: Desk) -> None:
    sent = desk.send()
    (code,) = desk.phone.got
    with desk.engine.connect() as db:
        assert code not in str(db.execute(select(codes.c.digest, codes.c.fingerprint)).all())
    assert isinstance(sent, Sent)
    assert sent.shown == ""
    assert Desk(desk.engine, desk.phone, b"t" * 32).check(code) == "wrong"
    assert Desk(desk.engine, desk.phone, business="other").check(code) == "wrong"
    assert desk.check(code) == "ok"


def test_only_a_port_that_shows_codes_lets_the_chat_show_one(desk: Desk) -> None:
    desk.phone.shown = True
    sent = desk.send()
    assert isinstance(sent, Sent)
    assert [sent.shown] == desk.phone.got


TEXTS = st.text(max_size=12)
BINDINGS = st.dictionaries(TEXTS, TEXTS, max_size=3)


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return open_engine("", home=tmp_path_factory.mktemp("codes"))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bound=BINDINGS, asked=BINDINGS, customer=TEXTS, guess=st.text(max_size=8), at=st.integers(0, 10**9))
def test_nothing_but_the_code_for_exactly_this_is_ok(
    lasting: Engine, bound: dict[str, str], asked: dict[str, str], customer: str, guess: str, at: int
) -> None:
    desk = Desk(lasting, Phone(now=NOW + at * WINDOW / 10**4))
    mine = f"hyp-{at}-{customer}".encode("utf-8", "replace").decode().replace("\0", "")[:60]
    if isinstance(desk.send(mine, binding=bound), TooMany):
        return
    code = desk.phone.got[-1]
    assert (desk.check(guess, mine, binding=bound) == "ok") == (guess == code)
    if guess != code:
        assert (desk.check(code, mine, binding=asked) == "ok") == (asked == bound)
    if asked != bound and guess != code:
        assert desk.check(code, mine + "x", binding=bound) == "wrong"
        assert desk.check(code, mine, "other", bound) == "wrong"
        assert desk.check(code, mine, binding=bound) == "ok"
