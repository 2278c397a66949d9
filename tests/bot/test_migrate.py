"""The database's tables: made by the steps alone, and brought up to date from every older state."""

from __future__ import annotations

from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, inspect, text

import munshi.bot.all_tables
from munshi.bot.database import StoreError, open_engine
from munshi.bot.message import Message
from munshi.bot.migrate import LATEST, bring_up_to_date
from munshi.bot.store import Store
from munshi.handlers.tickets import list_tickets

FOLDER = Path(munshi.bot.all_tables.__file__).parent / "migrations"
# A database as it was before there were steps: a question that waits, what was said, a ticket.
OLD = """
CREATE TABLE inbox (business VARCHAR(120) NOT NULL, message_id VARCHAR(200) NOT NULL, session_id VARCHAR(200) NOT NULL,
  user_id VARCHAR(200) NOT NULL, channel VARCHAR(40) NOT NULL, text TEXT NOT NULL, attachments JSON NOT NULL,
  timestamp DATETIME NOT NULL, received_at DATETIME NOT NULL, done_at DATETIME, response JSON,
  PRIMARY KEY (business, message_id));
CREATE TABLE sessions (business VARCHAR(120) NOT NULL, session_id VARCHAR(200) NOT NULL, channel VARCHAR(40) NOT NULL,
  customer_id VARCHAR(200), held_by VARCHAR(120), state JSON NOT NULL, updated_at DATETIME NOT NULL,
  PRIMARY KEY (business, session_id));
CREATE TABLE transcript (id INTEGER NOT NULL PRIMARY KEY, business VARCHAR(120) NOT NULL,
  session_id VARCHAR(200) NOT NULL, role VARCHAR(20) NOT NULL, text TEXT NOT NULL, reply JSON, at DATETIME NOT NULL);
CREATE TABLE tickets (id INTEGER NOT NULL PRIMARY KEY, reference VARCHAR(20) UNIQUE, business VARCHAR(120) NOT NULL,
  session_id VARCHAR(200) NOT NULL, customer_id VARCHAR(200), channel VARCHAR(40) NOT NULL, kind VARCHAR(20) NOT NULL,
  reason TEXT NOT NULL, summary TEXT NOT NULL, form JSON NOT NULL, status VARCHAR(20) NOT NULL,
  claimed_by VARCHAR(120), handover_of VARCHAR(400) UNIQUE, created_at DATETIME NOT NULL,
  updated_at DATETIME NOT NULL);
CREATE TABLE outbox (id INTEGER NOT NULL PRIMARY KEY, business VARCHAR(120) NOT NULL, session_id VARCHAR(200) NOT NULL,
  channel VARCHAR(40) NOT NULL, line_id INTEGER NOT NULL, created_at DATETIME NOT NULL, sent_at DATETIME);
CREATE TABLE products (business VARCHAR(120) NOT NULL, key VARCHAR(120) NOT NULL, sku VARCHAR(120) NOT NULL,
  name TEXT NOT NULL, category TEXT NOT NULL, brand TEXT NOT NULL, price_paise BIGINT NOT NULL, stock INTEGER NOT NULL,
  unit TEXT NOT NULL, fits JSON NOT NULL, aliases JSON NOT NULL, warranty_months INTEGER, gst_rate VARCHAR(10),
  extra JSON NOT NULL, PRIMARY KEY (business, key));
INSERT INTO outbox VALUES (1, 'shop', 's1', 'chat', 1, '2026-11-01', '2026-11-01');
INSERT INTO outbox VALUES (2, 'shop', 's1', 'chat', 2, '2026-11-01', NULL);
INSERT INTO inbox VALUES ('shop', 'm1', 's1', '', 'chat', 'नमस्ते', '["a.jpg"]', '2026-11-01', '2026-11-01', NULL, NULL);
INSERT INTO sessions VALUES ('shop', 's1', 'chat', NULL, NULL, '{"language": "hi"}', '2026-11-01');
INSERT INTO transcript VALUES (1, 'shop', 's1', 'bot', 'hello', '{"text": "hello"}', '2026-11-01');
INSERT INTO transcript VALUES (2, 'shop', 's1', 'person', 'hi', 'null', '2026-11-01');
INSERT INTO tickets VALUES (1, 'T00001', 'shop', 's1', NULL, 'chat', 'form', 'why', 'what', '{"name": "Asha"}', 'open',
  NULL, NULL, '2026-11-01', '2026-11-01');
"""


def test_the_steps_make_the_tables_that_the_code_knows(engine: Engine) -> None:
    with engine.connect() as db:
        context = MigrationContext.configure(db, opts={"compare_type": True})
        assert compare_metadata(context, munshi.bot.all_tables.metadata) == []


def test_the_newest_step_is_the_one_the_code_asks_for() -> None:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    assert ScriptDirectory.from_config(config).get_current_head() == LATEST


def test_a_database_from_before_the_steps_keeps_what_it_holds(tmp_path: Path) -> None:
    file = tmp_path / "munshi.sqlite3"
    plain = create_engine(f"sqlite:///{file}")
    with plain.begin() as db:
        for statement in filter(str.strip, OLD.split(";")):
            db.execute(text(statement))
    plain.dispose()
    store = Store(open_engine("", home=tmp_path), "shop")
    (waiting,) = store.unanswered()
    assert (waiting.text, waiting.attachments) == ("नमस्ते", ("a.jpg",))
    assert [(line.text, line.reply) for line in store.transcript("s1")] == [("hello", {"text": "hello"}), ("hi", None)]
    assert [line.text for line in store.take_pending("s1")] == ["hi"]
    with store.transaction() as db:
        session = store.session(db, "s1", channel="chat")
        assert session.state == {"language": "hi"}
        store.save_state(db, session, {"language": "en"})
        (ticket,) = list_tickets(db, "shop")
    assert (ticket.reason, ticket.form) == ("why", {"name": "Asha"})


def test_a_database_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    engine = open_engine("", home=tmp_path)
    with engine.begin() as db:
        db.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="newer"):
        open_engine("", home=tmp_path)


def _open(home: str, number: int) -> int:
    store = Store(open_engine("", home=Path(home)), "shop")
    store.accept(Message("hello", "s1", id=f"m{number}", timestamp=datetime(2026, 11, 20, tzinfo=UTC)))
    return len(store.unanswered())


def test_several_that_start_at_once_share_the_steps(tmp_path: Path) -> None:
    with get_context("spawn").Pool(4) as pool:
        assert max(pool.starmap(_open, [(str(tmp_path), number) for number in range(4)])) == 4


def test_on_one_server_too_only_one_takes_the_steps(postgres: Engine) -> None:
    with postgres.connect() as db:
        db.execute(text("CREATE SCHEMA together"))
    url = postgres.url.update_query_dict({"options": "-csearch_path=together"})
    engines = [create_engine(url) for _ in range(4)]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(bring_up_to_date, engines))
    assert inspect(engines[0]).has_table("audit")
    for engine in engines:
        engine.dispose()
