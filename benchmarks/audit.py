"""How fast the audit is verified and written, and whether every single change of it is found.

python -m benchmarks.audit [--records 100000] [--tampered 1000]

Records are of the size that a turn leaves. Verification reads them from a SQLite file and goes through the whole chain.
Then, of an audit of `--tampered` records, each byte-sized change, removal, exchange of neighbours, insertion and cut is
made once at each record, the changed byte and its place drawn by a seed, and each must be found.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

from sqlalchemy import insert

from benchmarks.machine import describe
from munshi.bot.audit import Audit
from munshi.bot.audit_chain import Record, canonical, genesis, link
from munshi.bot.audit_verify import Checkpoint, verify
from munshi.bot.database import open_engine
from munshi.bot.tables import audit, audit_heads

BUSINESS = "bench"
SEED = 11
APPENDED = 300


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--tampered", type=int, default=1_000)
    options = parser.parse_args()
    print(describe(("sqlalchemy", "rfc8785", "cryptography")))
    with tempfile.TemporaryDirectory() as folder:
        speed(Path(folder), options.records)
    tampering(options.tampered)


def chain(count: int) -> list[Record]:
    """Records of a turn's size."""
    records, previous = [], genesis(BUSINESS)
    for seq in range(1, count + 1):
        body = canonical({"at": "2026-11-21T10:00:00.000+00:00", "data": _turn(seq), "kind": "turn", "seq": seq})
        records.append(Record(seq, previous, link(previous, body), body))
        previous = records[-1].hash
    return records


def _turn(number: int) -> dict[str, object]:
    mark = f"{number:064x}"
    passages = [{"id": "returns.md#faulty-parts/0", "quote": mark}]
    reply = {"handover": False, "passages": passages, "text": mark}
    decided = {"classifier": "cascade:few_shot", "confidence": 0.912345, "in_scope": 0.734512, "ms": 8.5}
    return {"channel": "chat", "chat": mark, "message": mark, "text": mark, "reply": reply, **decided}


def speed(folder: Path, count: int) -> None:
    """Print records a second, verified and appended."""
    engine = open_engine("", home=folder)
    records = chain(count)
    rows = [{"business": BUSINESS, **asdict(record)} for record in records]
    with engine.begin() as db:
        db.execute(insert(audit), rows)
        db.execute(insert(audit_heads).values(business=BUSINESS, seq=count, hash=records[-1].hash))
    book = Audit(BUSINESS)
    started = time.perf_counter()
    with engine.connect() as db:
        found = verify(BUSINESS, book.records(db), book.head(db), (Checkpoint(count, records[-1].hash),))
    seconds = time.perf_counter() - started
    assert found.finding is None
    size = sum(len(record.body) for record in records) / count
    print(f"verified {count:,} records of {size:.0f} characters: {count / seconds:,.0f} a second")
    started = time.perf_counter()
    with engine.begin() as db:
        for number in range(APPENDED):
            book.append(db, "turn", _turn(number))
    print(f"appended in one transaction: {(time.perf_counter() - started) / APPENDED * 1000:.2f} ms each")
    engine.dispose()


def tampering(count: int) -> None:
    """Print how many of each kind of change are found, and how many of those at the right record."""
    records = chain(count)
    head = (count, records[-1].hash)
    end = (Checkpoint(count, records[-1].hash),)
    rng = random.Random(SEED)
    for kind, changes in (
        ("one byte changed", changed(records, rng)),
        ("one removed", ((at, records[:at] + records[at + 1 :]) for at in range(count))),
        ("two exchanged", ((at, swapped(records, at)) for at in range(count - 1))),
        ("one inserted", ((at, inserted(records, at)) for at in range(count))),
        ("cut off", ((at, records[:at]) for at in range(count))),
    ):
        made = found = placed = 0
        for at, left in changes:
            finding = verify(BUSINESS, left, head, end).finding
            made += 1
            found += finding is not None
            placed += finding is not None and finding.seq == at + 1
        print(f"{kind:17} {found:,} of {made:,} found, {placed:,} at the very record")


def changed(records: list[Record], rng: random.Random) -> Iterator[tuple[int, list[Record]]]:
    for at, record in enumerate(records):
        field = rng.choice(("previous", "hash", "body"))
        text: str = getattr(record, field)
        place = rng.randrange(len(text))
        put = chr((ord(text[place]) + rng.randrange(1, 127)) % 128)
        spoilt = replace(record, **{field: text[:place] + put + text[place + 1 :]})
        yield at, [*records[:at], spoilt, *records[at + 1 :]]


def swapped(records: list[Record], at: int) -> list[Record]:
    return _numbered([*records[:at], records[at + 1], records[at], *records[at + 2 :]])


def inserted(records: list[Record], at: int) -> list[Record]:
    previous = records[at - 1].hash if at else genesis(BUSINESS)
    body = canonical({"at": "2026-11-21T10:00:00.000+00:00", "data": {}, "kind": "turn", "seq": at + 1})
    return _numbered([*records[:at], Record(at + 1, previous, link(previous, body), body), *records[at:]])


def _numbered(records: list[Record]) -> list[Record]:
    return [replace(record, seq=number) for number, record in enumerate(records, start=1)]


if __name__ == "__main__":
    main()
