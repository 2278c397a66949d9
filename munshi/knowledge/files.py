"""Files written so that a crash leaves the old ones or the new ones, never half."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path


def digest_file(path: Path) -> str:
    """A fingerprint of a file's bytes. Raises OSError where it cannot be read."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "blake2b").hexdigest()[:32]


def settle(folder: Path) -> None:
    """Have everything in a folder on the disk before going on."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb+") as stream:
                os.fsync(stream.fileno())
    _settle_names(folder)


def replace_text(path: Path, text: str) -> None:
    """Write a small file in one step: a reader sees the old text or the new."""
    fresh = path.with_name(f".{path.name}.new")
    with fresh.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(path)
    _settle_names(path.parent)


def _settle_names(folder: Path) -> None:
    if os.name == "nt":  # Windows opens no folders, and settles their names by itself
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
