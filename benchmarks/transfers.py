"""How long a transfer takes that needs no code: the whole turn of the yes, and the action alone.

python -m benchmarks.transfers [--transfers 500] [--seed 1] [--database URL]

A customer of the demonstration bank asks for a sum to go to a payee and says yes; what is timed is the yes, from the
message to the recorded reply: the session, every limit, the ledger, the transcript, the audit and the commit. Beside
it, in turns with it, the action alone in a transaction of its own, and as a floor the same movement in plain SQL by the
database's own driver: an entry, two postings and two balances, one of them checked. The database is a SQLite file
(WAL, synchronous=FULL), or that of `--database`, which must be empty. The encoder is left out: a yes needs none.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.machine import describe
from benchmarks.packs import KEY, let_in, roomy_bank
from munshi.bot.app import App, open_app
from munshi.bot.settings import Settings
from munshi.handlers.base import Turn
from munshi.handlers.ledger import faults
from munshi.handlers.records import Records
from munshi.handlers.registry import HandlerConfig, Services
from munshi.handlers.transfer import FundTransfer

CUSTOMER, PAYEE, ACCOUNT = "AMC10001", "PY1001", "AMV00014521"
WARM_UP = 20

Move = Callable[[int], None]
"""Moves so many rupees once."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--transfers", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", default="", help="SQLAlchemy URL of an empty database")
    options = parser.parse_args()
    print(describe(("sqlalchemy", "psycopg")))
    with tempfile.TemporaryDirectory() as home:
        url = options.database or f"sqlite:///{Path(home) / 'bank.sqlite3'}"
        bank = str(roomy_bank(Path(home)))
        settings = Settings(home=Path(home), database_url=url, encoder="none", user_rate="", business=bank)
        with open_app(settings) as app:
            measure(app, options.transfers, options.seed, Path(home))


def measure(app: App, transfers: int, seed: int, home: Path) -> None:
    """So many transfers of each kind, in turns, a random kind first each time."""
    rng = random.Random(seed)
    times: dict[str, list[float]] = {"whole turn of the yes": [], "action alone": [], "plain SQL": []}
    with plain_sql(app, home) as plainly:
        arms: dict[str, Callable[[int], float]] = dict(
            zip(times, (whole_turn(app), timed(action_alone(app)), timed(plainly)), strict=True)
        )
        for number in range(WARM_UP + transfers):
            for name in rng.sample(list(arms), len(arms)):
                spent = arms[name](rng.randrange(1, 1_000))
                if number >= WARM_UP:
                    times[name].append(spent)
    with app.store.reading() as db:
        found = faults(db, KEY)
    kind = app.store.engine.dialect.name
    print(f"\n{kind}: {transfers} transfers each, seed {seed}, ledger faults: {len(found)}")
    for name, spent_ms in times.items():
        show(name, spent_ms)


def whole_turn(app: App) -> Callable[[int], float]:
    """Ask and say yes in a chat of its own for each transfer; the time of the yes, in ms."""

    def move(rupees: int) -> float:
        chat = uuid.uuid4().hex
        let_in(app.store.engine, [(chat, CUSTOMER)])
        app.respond(f"send Rs {rupees} to my landlord from savings", session_id=chat)
        started = time.perf_counter()
        response = app.respond("yes", session_id=chat)
        spent = (time.perf_counter() - started) * 1000
        assert response.reply is not None
        assert "transfer" in response.reply.data, response.reply.text
        return spent

    return move


def action_alone(app: App) -> Move:
    """The action in a transaction, without a turn around it."""
    chat = uuid.uuid4().hex
    let_in(app.store.engine, [(chat, CUSTOMER)])
    handler, now = transfer_of(app), app.now()
    blank = Turn("", "en", (), {}, chat, CUSTOMER, "benchmark", (), app.business.profile, now, intent="Fund_Transfer")

    def move(rupees: int) -> None:
        slots = {"amount": str(rupees), "payee": PAYEE, "account": ACCOUNT}
        turn = replace(blank, slots=slots, request=uuid.uuid4().hex, now=app.now())
        with app.store.transaction() as db:
            done = handler.execute(turn, db)
        assert "transfer" in done.data, done.text

    return move


def transfer_of(app: App) -> FundTransfer:
    """The bank's handler, as an app makes it."""
    records = Records(app.store.engine, app.business.key)
    services = Services(records, app.library, app.phrases, app.business.profile)
    return FundTransfer(services, HandlerConfig("Fund_Transfer", options=app.business.options["Fund_Transfer"]))


ENTRY = "INSERT INTO floor_journal (id, memo, at) VALUES (?, ?, ?)"
TAKE = "UPDATE floor_accounts SET paise = paise - ? WHERE id = ? AND paise >= ?"
GIVE = "UPDATE floor_accounts SET paise = paise + ? WHERE id = ?"
SIDE = "INSERT INTO floor_postings (journal_id, account_id, paise) VALUES (?, ?, ?)"
TABLES = (
    "CREATE TABLE floor_accounts (id TEXT PRIMARY KEY, paise BIGINT NOT NULL)",
    "CREATE TABLE floor_journal (id TEXT PRIMARY KEY, memo TEXT NOT NULL, at TEXT NOT NULL)",
    "CREATE TABLE floor_postings (journal_id TEXT NOT NULL, account_id TEXT NOT NULL, paise BIGINT NOT NULL)",
    "INSERT INTO floor_accounts VALUES ('A', 1000000000000), ('B', 0)",
)


@contextmanager
def plain_sql(app: App, home: Path) -> Iterator[Move]:
    """The movement in plain SQL, in the same kind of database with the same promises."""
    if app.store.engine.dialect.name == "sqlite":
        with closing(sqlite3.connect(home / "floor.sqlite3", isolation_level=None)) as connection:
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
                connection.execute(f"PRAGMA {pragma}")
            yield _mover(connection, "BEGIN IMMEDIATE", "?")
        return
    import psycopg

    url = app.store.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as connection:
        yield _mover(connection, "BEGIN", "%s")


def _mover(connection: Any, begin: str, mark: str) -> Move:
    for statement in TABLES:
        connection.execute(statement)
    entry, take, give, side = (text.replace("?", mark) for text in (ENTRY, TAKE, GIVE, SIDE))

    def move(rupees: int) -> None:
        id, paise = uuid.uuid4().hex, rupees * 100
        connection.execute(begin)
        connection.execute(entry, (id, "to B", "2026-11-21"))
        assert connection.execute(take, (paise, "A", paise)).rowcount == 1
        connection.execute(give, (paise, "B"))
        connection.execute(side, (id, "A", -paise))
        connection.execute(side, (id, "B", paise))
        connection.execute("COMMIT")

    return move


def timed(move: Move) -> Callable[[int], float]:
    """The same, telling its time in ms."""

    def clock(rupees: int) -> float:
        started = time.perf_counter()
        move(rupees)
        return (time.perf_counter() - started) * 1000

    return clock


def show(name: str, times: Sequence[float]) -> None:
    cuts = statistics.quantiles(times, n=100)
    print(f"  {name:<22} p50 {cuts[49]:7.2f} ms   p99 {cuts[98]:7.2f} ms")


if __name__ == "__main__":
    main()
