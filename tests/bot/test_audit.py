"""The audit: what was written is found whole, and whatever is done to it is found and named."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from munshi.bot.audit import Audit
from munshi.bot.audit_chain import AuditError, NotCanonicalError, Record, canonical, genesis, link
from munshi.bot.audit_checkpoint import Checkpoints
from munshi.bot.audit_verify import Checkpoint, Finding, verify

SHOP = "shop"


def chain(count: int, business: str = SHOP) -> list[Record]:
    """A sound audit, as `Audit.append` writes it."""
    records: list[Record] = []
    previous = genesis(business)
    for seq in range(1, count + 1):
        body = canonical({"at": "2026-11-21T10:00:00.000+00:00", "data": {"n": seq}, "kind": "turn", "seq": seq})
        records.append(Record(seq, previous, link(previous, body), body))
        previous = records[-1].hash
    return records


def finding(records: list[Record], written: list[Record], checkpoints: tuple[Checkpoint, ...] = ()) -> Finding | None:
    """What a verification of `records` finds, where `written` were appended."""
    return verify(SHOP, records, (len(written), written[-1].hash), checkpoints).finding


def renumbered(records: list[Record]) -> list[Record]:
    """As an attacker leaves them who also fills the gap in the numbers."""
    return [replace(record, seq=number) for number, record in enumerate(records, start=1)]


def rehashed(records: list[Record], start: int) -> list[Record]:
    """As an attacker leaves them who writes all hashes anew from a position on."""
    made = records[:start]
    previous = made[-1].hash if made else genesis(SHOP)
    for record in records[start:]:
        made.append(replace(record, previous=previous, hash=link(previous, record.body)))
        previous = made[-1].hash
    return made


WRITTEN = chain(60)
END = (Checkpoint(60, WRITTEN[-1].hash),)


def test_what_was_written_is_whole() -> None:
    verified = verify(SHOP, WRITTEN, (60, WRITTEN[-1].hash), (Checkpoint(40, WRITTEN[39].hash),))
    assert (verified.records, verified.covered, verified.finding) == (60, 40, None)
    assert verify(SHOP, [], (0, genesis(SHOP))).finding is None


@pytest.mark.parametrize("at", [1, 2, 30, 59, 60])
def test_a_removed_record_is_named(at: int) -> None:
    left = [record for record in WRITTEN if record.seq != at]
    for records in (left, renumbered(left)):
        found = finding(records, WRITTEN, END)
        assert found is not None
        assert (found.seq, found.what) == (at, "cut off" if at == 60 else "removed")


@pytest.mark.parametrize("at", [1, 2, 30, 60])
def test_a_changed_record_is_named(at: int) -> None:
    body = WRITTEN[at - 1].body.replace('"turn"', '"tern"')
    plain = replace(WRITTEN[at - 1], body=body)
    found = finding([*WRITTEN[: at - 1], plain, *WRITTEN[at:]], WRITTEN)
    assert found is not None
    assert (found.seq, found.what) == (at, "changed")
    sealed = replace(plain, hash=link(plain.previous, body))
    found = finding([*WRITTEN[: at - 1], sealed, *WRITTEN[at:]], WRITTEN)
    assert found is not None
    assert (found.seq, found.what) == (at, "rewritten" if at == 60 else "changed")


@pytest.mark.parametrize("at", [1, 30, 60])
def test_an_inserted_record_is_named(at: int) -> None:
    body = canonical({"at": "2026-11-21T10:00:00.000+00:00", "data": {}, "kind": "turn", "seq": at})
    previous = WRITTEN[at - 2].hash if at > 1 else genesis(SHOP)
    foreign = Record(at, previous, link(previous, body), body)
    stray = Record(at, "0" * 64, link("0" * 64, body), body)
    for made in (foreign, stray):
        found = finding(renumbered([*WRITTEN[: at - 1], made, *WRITTEN[at - 1 :]]), WRITTEN)
        assert found is not None
        assert (found.seq, found.what) == (at, "inserted")


@pytest.mark.parametrize(("one", "other"), [(1, 2), (10, 11), (10, 40), (59, 60)])
def test_swapped_records_are_named(one: int, other: int) -> None:
    records = list(WRITTEN)
    records[one - 1], records[other - 1] = records[other - 1], records[one - 1]
    for moved in (records, renumbered(records)):
        found = finding(moved, WRITTEN)
        assert found is not None
        assert (found.seq, found.what) == (one, "reordered")


@pytest.mark.parametrize("left", [0, 1, 59])
def test_a_cut_end_is_named(left: int) -> None:
    for checkpoints in ((), END):
        found = finding(WRITTEN[:left], WRITTEN, checkpoints)
        assert found is not None
        assert (found.seq, found.what) == (left + 1, "cut off")


def test_only_a_checkpoint_tells_of_a_history_written_anew() -> None:
    records = rehashed([*WRITTEN[:29], replace(WRITTEN[29], body=WRITTEN[29].body + " "), *WRITTEN[30:]], 29)
    head = (60, records[-1].hash)
    assert verify(SHOP, records, head).finding is None
    points = (Checkpoint(20, WRITTEN[19].hash), Checkpoint(50, WRITTEN[49].hash))
    found = verify(SHOP, records, head, points).finding
    assert found is not None
    assert found.what == "rewritten"
    assert 20 < found.seq <= 50


@given(data=st.data())
def test_no_single_changed_character_stays_hidden(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(WRITTEN) - 1))
    field = data.draw(st.sampled_from(["previous", "hash", "body"]))
    text: str = getattr(WRITTEN[at], field)
    place = data.draw(st.integers(0, len(text) - 1))
    put = data.draw(st.characters(codec="utf-8").filter(lambda char: char != text[place]))
    changed = replace(WRITTEN[at], **{field: text[:place] + put + text[place + 1 :]})
    found = finding([*WRITTEN[:at], changed, *WRITTEN[at + 1 :]], WRITTEN, END)
    assert found is not None
    assert (found.seq, found.what) == (at + 1, "changed")


@given(data=st.data())
def test_no_other_order_or_choice_of_the_records_passes(data: st.DataObject) -> None:
    picked = data.draw(st.lists(st.sampled_from(WRITTEN), max_size=12))
    some = WRITTEN[:8]
    records = renumbered(picked) if data.draw(st.booleans()) else picked
    found = verify(SHOP, records, (8, some[-1].hash), (Checkpoint(8, some[-1].hash),)).finding
    assert (found is None) == (records == some)


def append(engine: Engine, count: int, business: str = SHOP) -> None:
    for number in range(count):
        with engine.begin() as db:
            Audit(business).append(db, "turn", {"n": number, "who": "नमस्ते 🙏"})


def verified(engine: Engine, business: str = SHOP, checkpoints: tuple[Checkpoint, ...] = ()) -> Finding | None:
    audit = Audit(business)
    with engine.connect() as db:
        return verify(business, audit.records(db), audit.head(db), checkpoints).finding


def test_an_audit_in_a_database_verifies_and_goes_on(engine: Engine) -> None:
    append(engine, 5)
    append(engine, 1, "bank")
    assert verified(engine) is None
    assert verified(engine, "bank") is None
    audit = Audit(SHOP)
    with engine.connect() as db:
        assert [json.loads(record.body)["seq"] for record in audit.records(db)] == [1, 2, 3, 4, 5]
        assert [record.seq for record in audit.records(db, after=3)] == [4, 5]


def test_what_is_rolled_back_leaves_no_gap(engine: Engine) -> None:
    audit = Audit(SHOP)

    def fail() -> None:
        with engine.begin() as db:
            audit.append(db, "turn", {})
            raise ZeroDivisionError

    append(engine, 1)
    with pytest.raises(ZeroDivisionError):
        fail()
    append(engine, 1)
    assert verified(engine) is None


def test_many_write_at_once(engine: Engine) -> None:
    threads = [threading.Thread(target=append, args=(engine, 10)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verified(engine) is None
    with engine.connect() as db:
        assert Audit(SHOP).head(db)[0] == 80


def test_a_record_without_a_canonical_form_is_refused(engine: Engine) -> None:
    audit = Audit(SHOP)
    for bad in ({"x": float("nan")}, {"x": object()}, {"x": 2**60}):
        with engine.begin() as db, pytest.raises(NotCanonicalError):
            audit.append(db, "turn", bad)
    assert verified(engine) is None


def test_a_checkpoint_holds_only_with_its_signature(tmp_path: Path) -> None:
    points = Checkpoints(tmp_path, SHOP)
    assert points.read() == ([], [])
    points.sign(10, WRITTEN[9].hash)
    points.sign(20, WRITTEN[19].hash)
    points.sign(20, WRITTEN[19].hash)  # nothing new
    assert points.read() == ([Checkpoint(10, WRITTEN[9].hash), Checkpoint(20, WRITTEN[19].hash)], [])
    file = tmp_path / "checkpoints.jsonl"
    whole = file.read_bytes()
    rng = random.Random(5)
    for _ in range(200):
        place = rng.randrange(len(whole))
        put = rng.randrange(256)
        file.write_bytes(whole[:place] + bytes([put]) + whole[place + 1 :])
        good, bad = points.read()
        if put != whole[place]:
            assert len(good) + len(bad) >= 1
            assert bad
            assert set(good) <= {Checkpoint(10, WRITTEN[9].hash), Checkpoint(20, WRITTEN[19].hash)}


def test_the_signing_key_is_the_owners_alone(tmp_path: Path) -> None:
    Checkpoints(tmp_path, SHOP).sign(1, WRITTEN[0].hash)
    assert (tmp_path / "signing-key.pem").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("spoil", [lambda path: path.unlink(), lambda path: path.write_text("no key")])
def test_without_a_key_nothing_is_believed(tmp_path: Path, spoil: Callable[[Path], object]) -> None:
    points = Checkpoints(tmp_path, SHOP)
    points.sign(1, WRITTEN[0].hash)
    spoil(tmp_path / "public-key.pem")
    with pytest.raises(AuditError):
        points.read()


def test_another_key_vouches_for_nothing(tmp_path: Path) -> None:
    ours, theirs = Checkpoints(tmp_path / "ours", SHOP), Checkpoints(tmp_path / "theirs", SHOP)
    ours.sign(1, WRITTEN[0].hash)
    theirs.sign(1, WRITTEN[0].hash)
    good, bad = ours.read(tmp_path / "theirs" / "public-key.pem")
    assert (good, len(bad)) == ([], 1)
    good, bad = Checkpoints(tmp_path / "ours", "bank").read()
    assert (good, len(bad)) == ([], 1)
