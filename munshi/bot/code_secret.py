"""The secret that one-time codes are hashed with: made once, kept in the home, readable by its owner alone."""

from __future__ import annotations

import os
from pathlib import Path
from secrets import token_bytes, token_hex

from munshi.bot.database import StoreError

NAME = "codes.key"
_BYTES = 32


def code_secret(home: Path) -> bytes:
    """The secret under `home`, made where there is none. Raises StoreError where it cannot be kept or read."""
    path = home / NAME
    try:
        home.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _make(path)
        secret = path.read_bytes()
    except OSError as error:
        raise StoreError(
            f"{path} cannot be used ({error.strerror}). Check MUNSHI_HOME and who may write there."
        ) from error
    if len(secret) != _BYTES:
        raise StoreError(f"{path} is not a key of {_BYTES} bytes. Remove it: a new one is made.")
    return secret


def _make(path: Path) -> None:
    """Write it whole under another name first: a second process finds either nothing or all of it."""
    draft = path.with_name(f".{NAME}.{token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(token_bytes(_BYTES))
        os.link(draft, path)
    except FileExistsError:
        return  # another process was quicker
    finally:
        draft.unlink()
