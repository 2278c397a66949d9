"""A planted word, looked for in every spelling in which a program may have left it."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

from redis import Redis
from sqlalchemy import Engine, text

_LEAST_BASE64 = 8


def spellings(word: str) -> Iterator[bytes]:
    """The word as bytes, in lower case, as text may stand in a file."""
    encoded = {
        word.encode(),
        word.encode("utf-16-le"),
        word.encode("utf-16-be"),
        quote(word).encode(),
        word.encode("ascii", "backslashreplace"),
        word.encode().hex().encode(),
    }
    for spelled in (word, word.lower(), word.upper()):
        for before in range(3):  # where it falls in the groups of three bytes
            inside = base64.b64encode(b"x" * before + spelled.encode()).rstrip(b"=")[4 if before else 0 : -2]
            if len(inside) >= _LEAST_BASE64:
                encoded |= {inside, inside.replace(b"+", b"-").replace(b"/", b"_")}
    yield from {one.lower() for one in encoded}


def left_in(content: bytes, words: Iterable[str]) -> list[str]:
    """The words that stand in the content in any spelling."""
    lowered = content.lower()
    return [word for word in words if any(spelled in lowered for spelled in spellings(word))]


def left_in_folder(folder: Path, words: Iterable[str]) -> dict[str, list[str]]:
    """By file: the words left in it, or in its name."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    found = {path.name: left_in(path.name.encode() + path.read_bytes(), words) for path in files}
    return {name: left for name, left in found.items() if left}


def left_in_postgresql(engine: Engine, words: Iterable[str]) -> dict[str, list[str]]:
    """By table or index: the words left in the bytes of its file, those of dead rows among them."""
    with engine.connect() as db:
        db.execute(text("CHECKPOINT"))
        relations = db.execute(
            text(
                "SELECT oid::regclass::text AS name, pg_relation_filepath(oid) AS file FROM pg_class"
                " WHERE pg_relation_filepath(oid) IS NOT NULL AND (relnamespace IN (SELECT pg_my_temp_schema()"
                " UNION SELECT current_schema()::regnamespace::oid UNION SELECT 'pg_toast'::regnamespace::oid)"
                " OR relname = 'pg_statistic')"
            )
        ).all()
        found = {}
        for relation in relations:
            content = db.execute(text("SELECT pg_read_binary_file(:file)"), {"file": relation.file}).scalar_one()
            found[relation.name] = left_in(bytes(content), words)
    return {name: left for name, left in found.items() if left}


def left_in_redis(client: Redis, words: Iterable[str]) -> dict[str, list[str]]:
    """By key: the words left in its name or in what it holds."""
    found = {key: left_in(key + (client.dump(key) or b""), words) for key in client.scan_iter()}
    return {key.decode("ascii", "replace"): left for key, left in found.items() if left}
