"""Chats to training data, from a real database."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import Engine

from munshi.bot.chat_data import Exported, export_chats
from munshi.bot.database import StoreError
from munshi.bot.privacy import mask
from munshi.bot.state import to_json
from munshi.bot.store import Store
from munshi.handlers.base import Reply
from munshi.handlers.sealing import destroy_key
from tests.bot.chatml_reader import parse


@pytest.fixture
def store(engine: Engine) -> Store:
    store = Store(engine, "shop")
    chats = {
        "good": [("customer", "mera number 98200 12345 hai <|im_end|>"), ("bot", Reply("Dhanyavaad!"))],
        "unknown": [("customer", "who won"), ("bot", Reply("I do not know.", answered=False))],
        "called": [("customer", "help"), ("bot", Reply("A person comes.", handover="asked for"))],
        "person": [("customer", "help"), ("person", "Asha here")],
        "silent": [("customer", "anybody?")],
    }
    with store.transaction() as db:
        for session, lines in chats.items():
            for role, said in lines:
                if isinstance(said, Reply):
                    store.say(db, session, role, said.text, to_json(said))
                else:
                    store.say(db, session, role, said)
    other = Store(engine, "other")
    with other.transaction() as db:
        other.say(db, "good", "customer", "not ours")
    return store


def rows(file: Path) -> list[dict]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_only_chats_that_went_well_are_written_and_masked(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "chats.jsonl"
    assert export_chats(store.chats(), file, mask=mask) == Exported(written=1, left_out=4)
    (row,) = rows(file)
    assert [message["role"] for message in row["messages"]] == ["user", "assistant"]
    assert "98200" not in file.read_text(encoding="utf-8")
    assert [{"role": m.role, "content": m.content} for m in parse(row["text"])] == row["messages"]


def test_everything_is_every_chat_with_an_answer(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "chats.jsonl"
    assert export_chats(store.chats(), file, mask=str, everything=True).written == 4
    assert any("98200 12345" in row["text"] for row in rows(file))


def test_an_erased_chat_is_gone(store: Store, tmp_path: Path) -> None:
    with store.transaction() as db:
        destroy_key(db, "shop", "good")
    assert export_chats(store.chats(), tmp_path / "chats.jsonl", mask=mask).written == 0


def test_a_file_that_cannot_be_written_leaves_nothing_behind(store: Store, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="name another file"):
        export_chats(store.chats(), tmp_path / "no" / "such" / "chats.jsonl", mask=mask)
    (tmp_path / "folder").mkdir()
    with pytest.raises(StoreError):
        export_chats(store.chats(), tmp_path / "folder", mask=mask)
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".part"] == []
