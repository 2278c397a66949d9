"""Files that customers send: what they may be, and where they are kept, sealed with the key of their chat."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO

from PIL import Image
from sqlalchemy import Column, ColumnElement, Connection, Integer, String, Table, Text, func, select
from sqlalchemy.dialects import postgresql, sqlite

from munshi.handlers.base import HandlerError
from munshi.handlers.personal import Rows, of_customers
from munshi.handlers.sealing import Sealer, new_sealer, sealer
from munshi.handlers.tables import UtcDateTime, metadata

MOST_BYTES = 10 * 1024 * 1024
"""Largest file that is kept."""

MOST_FILES = 20
"""As many files of one chat are kept: whoever sends more would fill the disk."""

attachments = Table(
    "attachments",
    metadata,
    Column("business", String(120), primary_key=True),
    Column("id", String(32), primary_key=True),
    Column("session_id", String(200), nullable=False, index=True),
    Column("name", Text, nullable=False),  # sealed
    Column("mime_type", String(100), nullable=False),
    Column("size", Integer, nullable=False),
    Column("content", Text, nullable=False),  # sealed, base64
    Column("at", UtcDateTime(), nullable=False),
    info=of_customers(Rows("files", chat="session_id", sealed=("name", "content"))),
)

_IMAGES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
_SUFFIXES = {"application/pdf": ".pdf", "image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp"}


class AttachmentError(HandlerError):
    """A file that is not kept; `key` names the sentence that tells the customer why."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of a customer's. `content` is empty once its chat was erased."""

    id: str
    session_id: str
    name: str
    mime_type: str
    content: bytes
    at: datetime

    @property
    def saved_as(self) -> str:
        """The name under which the owner saves and finds it; no two files of a chat have the same."""
        return f"{self.id[:8]}-{self.name}"


def keep(db: Connection, business: str, session_id: str, content: bytes, *, name: str = "") -> str:
    """Keep a photo or a PDF under its chat; returns its id, the same for the same file.

    Raises AttachmentError where it is neither, by its own bytes, or larger than MOST_BYTES, or one of too many.
    """
    mime_type = _checked(content)
    digest = hashlib.sha256(content).hexdigest()
    id = hashlib.sha256(f"{session_id}\0{digest}".encode()).hexdigest()[:32]
    _check_room(db, business, session_id, id)
    sealing = new_sealer(db, business, session_id)
    insert = (postgresql if db.dialect.name == "postgresql" else sqlite).insert
    adding = insert(attachments).values(
        business=business,
        id=id,
        session_id=session_id,
        name=sealing.seal(_file_name(name, id, mime_type)),
        mime_type=mime_type,
        size=len(content),
        content=sealing.seal(base64.b64encode(content).decode()),
        at=datetime.now(UTC),
    )
    db.execute(adding.on_conflict_do_nothing(index_elements=["business", "id"]))
    return id


def files_of(db: Connection, business: str, session_id: str) -> Iterator[Attachment]:
    """The files of a chat, the oldest first."""
    return _found(db, business, session_id)


def file_of(db: Connection, business: str, session_id: str, id: str) -> Attachment | None:
    """A file of a chat by its id, None where the chat has no such file."""
    return next((file for file in _found(db, business, session_id, attachments.c.id == id)), None)


def latest_file(db: Connection, business: str, session_id: str, *, within: timedelta) -> str | None:
    """The id of the file that a chat sent last, where that is not longer ago than `within`."""
    query = select(attachments.c.id).where(
        attachments.c.business == business,
        attachments.c.session_id == session_id,
        attachments.c.at >= datetime.now(UTC) - within,
    )
    return db.execute(query.order_by(attachments.c.at.desc(), attachments.c.id)).scalars().first()


def _found(db: Connection, business: str, session_id: str, *which: ColumnElement[bool]) -> Iterator[Attachment]:
    query = select(attachments).where(attachments.c.business == business, attachments.c.session_id == session_id)
    rows = db.execute(query.where(*which).order_by(attachments.c.at, attachments.c.id)).all()
    sealing = sealer(db, business, session_id)
    for row in rows:
        content = _opened(sealing, row.content)
        yield Attachment(row.id, row.session_id, sealing.open(row.name), row.mime_type, content, row.at)


def _check_room(db: Connection, business: str, session_id: str, id: str) -> None:
    others = select(func.count()).where(
        attachments.c.business == business, attachments.c.session_id == session_id, attachments.c.id != id
    )
    if db.execute(others).scalar_one() >= MOST_FILES:
        raise AttachmentError("attachment_too_many")


def _checked(content: bytes) -> str:
    if len(content) > MOST_BYTES:
        raise AttachmentError("attachment_too_large")
    if content.startswith(b"%PDF-"):
        return "application/pdf"
    try:
        with Image.open(BytesIO(content), formats=tuple(_IMAGES)) as image:
            image.verify()
            return _IMAGES[str(image.format)]
    except Exception as error:  # what is no such image is refused, whatever Pillow says of it
        raise AttachmentError("attachment_type") from error


def _file_name(given: str, id: str, mime_type: str) -> str:
    """A name that is safe in any folder: the customer's own, without its path, else the file's id."""
    plain = "".join(char for char in given.replace("\\", "/").rsplit("/", 1)[-1] if char.isalnum() or char in " ._-")
    stem = plain.rsplit(".", 1)[0].strip(" .")[:60]
    return (stem or id[:8]) + _SUFFIXES[mime_type]


def _opened(sealing: Sealer, kept: str) -> bytes:
    try:
        return base64.b64decode(sealing.open(kept), validate=True)
    except ValueError:  # its key was destroyed
        return b""
