"""What a customer wrote, kept so that it can be forgotten: each chat's content is encrypted with a key of its own.

When the key is destroyed, every copy of the content is unreadable: in the tables, in the database's journal and in
backups that were made without the keys.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, bindparam, delete, insert, select
from sqlalchemy.exc import IntegrityError

from munshi.handlers.personal import ERASED
from munshi.handlers.tables import content_keys

_MARK = "sealed:1:"
_NONCE = 12
_KEY = 32

# Written once, not for each of the several times that a turn asks.
_KEY_OF = select(content_keys.c.key).where(
    content_keys.c.business == bindparam("business"), content_keys.c.session_id == bindparam("session_id")
)


@dataclass(frozen=True, slots=True)
class Sealer:
    """Seals and opens one chat's content, by AES-256 in GCM with a random nonce. `key` is None once destroyed."""

    key: bytes | None

    def seal(self, text: str) -> str:
        """The text as it is kept. Raises ValueError where the key was destroyed: nothing more is to be kept."""
        if self.key is None:
            raise ValueError("the key of this chat was destroyed")
        nonce = os.urandom(_NONCE)
        sealed = nonce + AESGCM(self.key).encrypt(nonce, text.encode("utf-8", "replace"), None)
        return _MARK + base64.b64encode(sealed).decode()

    def open(self, kept: str) -> str:
        """The text again; ERASED where the key was destroyed. What was kept before there were keys is as it stands."""
        if not kept.startswith(_MARK):
            return kept
        if self.key is None:
            return ERASED
        try:
            sealed = base64.b64decode(kept.removeprefix(_MARK), validate=True)
            return AESGCM(self.key).decrypt(sealed[:_NONCE], sealed[_NONCE:], None).decode()
        except (InvalidTag, ValueError):
            return ERASED

    def seal_json(self, value: Any) -> str:
        """Plain JSON values, sealed."""
        return self.seal(json.dumps(value, ensure_ascii=False))

    def open_json(self, kept: str | None) -> Any:
        """The values again; None for nothing, and where the key was destroyed."""
        if kept is None:
            return None
        text = self.open(kept)
        return None if text == ERASED else json.loads(text)

    def commit(self, text: str) -> str:
        """A salted fingerprint, HMAC-SHA-256 in hexadecimal: it tells nothing of the text once the key is gone."""
        if self.key is None:
            return ""
        return hmac.new(self.key, b"commit\0" + text.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def new_sealer(db: Connection, business: str, session_id: str) -> Sealer:
    """The sealer of a chat, with a key made now where it had none, inside the caller's transaction."""
    found = sealer(db, business, session_id)
    if found.key is not None:
        return found
    key = os.urandom(_KEY)
    try:
        with db.begin_nested():
            db.execute(insert(content_keys).values(business=business, session_id=session_id, key=key))
    except IntegrityError:  # another worker made it just now
        return sealer(db, business, session_id)
    return Sealer(key)


def sealer(db: Connection, business: str, session_id: str) -> Sealer:
    """The sealer of a chat as it is; without a key it opens nothing."""
    return Sealer(db.execute(_KEY_OF, {"business": business, "session_id": session_id}).scalar())


def sealers(db: Connection, business: str, session_ids: Iterable[str]) -> Mapping[str, Sealer]:
    """The sealers of several chats."""
    wanted = set(session_ids)
    query = select(content_keys.c.session_id, content_keys.c.key)
    rows = db.execute(query.where(content_keys.c.business == business, content_keys.c.session_id.in_(wanted)))
    keys = {row.session_id: row.key for row in rows}
    return {session_id: Sealer(keys.get(session_id)) for session_id in wanted}


def destroy_key(db: Connection, business: str, session_id: str) -> None:
    """Make a chat's content unreadable for good. What is said in the chat afterwards gets a new key."""
    db.execute(delete(content_keys).where(content_keys.c.business == business, content_keys.c.session_id == session_id))
