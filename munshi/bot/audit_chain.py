"""How one record of the audit holds on to the one before it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import rfc8785


class AuditError(Exception):
    """The audit's key or its checkpoints cannot be read or written; the message names the file and the remedy."""


class NotCanonicalError(Exception):
    """A value that JSON does not know, or that has no one spelling in it."""


@dataclass(frozen=True, slots=True)
class Record:
    """One link: `body` is canonical JSON, `hash` covers it and `previous`, the hash of the record before.

    Hashes are 64 hexadecimal digits. `seq` counts from 1 and stands in the body too.
    """

    seq: int
    previous: str
    hash: str
    body: str


def canonical(data: Mapping[str, Any]) -> str:
    """JSON with one spelling for each value (RFC 8785). Raises NotCanonicalError on what JSON does not know."""
    try:
        return rfc8785.dumps(dict(data)).decode()
    except (rfc8785.CanonicalizationError, UnicodeError) as error:
        raise NotCanonicalError(str(error)) from error


def link(previous: str, body: str) -> str:
    """The hash of a record: SHA-256 over the hash of the one before, a line feed, and the body, in UTF-8."""
    return hashlib.sha256(f"{previous}\n{body}".encode()).hexdigest()


def genesis(business: str) -> str:
    """What the first record of a business holds on to."""
    return hashlib.sha256(f"munshi audit of {business}".encode()).hexdigest()
