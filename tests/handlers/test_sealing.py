"""Sealed content: read with its key, and never again without."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from munshi.handlers.personal import ERASED
from munshi.handlers.sealing import Sealer, destroy_key, new_sealer, sealer, sealers

KEY = b"k" * 32


@given(st.text())
def test_what_is_sealed_is_read_again_and_shows_nothing(text: str) -> None:
    sealing = Sealer(KEY)
    kept = sealing.seal(text)
    assert sealing.open(kept) == text.encode("utf-8", "replace").decode()
    assert sealing.seal(text) != kept
    assert Sealer(b"o" * 32).open(kept) == ERASED
    assert Sealer(None).open(kept) == ERASED


@given(st.text(min_size=1), st.data())
def test_a_changed_seal_is_not_read(text: str, data: st.DataObject) -> None:
    kept = Sealer(KEY).seal(text)
    start = len("sealed:1:")
    place = data.draw(st.integers(start, len(kept) - 4))  # the last letter may have bits that are not used
    put = data.draw(st.sampled_from("ABCxyz019+/").filter(lambda char: char != kept[place]))
    assert Sealer(KEY).open(kept[:place] + put + kept[place + 1 :]) == ERASED


def test_json_goes_through_and_nothing_stays_nothing() -> None:
    sealing = Sealer(KEY)
    for value in ({"a": ["नमस्ते", 1, None, True]}, [], "", None):
        assert sealing.open_json(sealing.seal_json(value)) == value
    assert sealing.open_json(None) is None
    assert Sealer(None).open_json(sealing.seal_json({"a": 1})) is None


def test_what_was_kept_before_there_were_keys_is_read_as_it_stands() -> None:
    assert Sealer(None).open("hello") == "hello"
    assert Sealer(None).open_json('{"a": 1}') == {"a": 1}


def test_each_chat_has_one_key_until_it_is_destroyed(engine: Engine) -> None:
    with engine.begin() as db:
        kept = new_sealer(db, "shop", "s1").seal("Asha, 98200 00000")
        other = new_sealer(db, "shop", "s2").seal("Ravi")
    with engine.begin() as db:
        assert new_sealer(db, "shop", "s1").open(kept) == "Asha, 98200 00000"
        assert sealer(db, "bank", "s1").open(kept) == ERASED
        destroy_key(db, "shop", "s1")
    with engine.begin() as db:
        found = sealers(db, "shop", ["s1", "s2"])
        assert (found["s1"].open(kept), found["s2"].open(other)) == (ERASED, "Ravi")
        assert new_sealer(db, "shop", "s1").open(kept) == ERASED


def test_a_commitment_is_one_texts_and_one_chats() -> None:
    sealing = Sealer(KEY)
    assert sealing.commit("a") == sealing.commit("a") != sealing.commit("b")
    assert Sealer(b"o" * 32).commit("a") != sealing.commit("a")
    assert Sealer(None).commit("a") == ""
