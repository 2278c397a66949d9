"""Signed checkpoints: what the audit was at a time, written where whoever changes the database does not reach."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from filelock import FileLock

from munshi.bot.audit_chain import AuditError, canonical
from munshi.bot.audit_verify import Checkpoint

_KEY = "signing-key.pem"
_PUBLIC = "public-key.pem"
_FILE = "checkpoints.jsonl"


@dataclass(frozen=True, slots=True)
class Signed:
    """One line of the checkpoints' file. `signature` is Ed25519 over the rest in canonical form, in hexadecimal."""

    business: str
    size: int
    root: str
    at: str
    signature: str

    @property
    def said(self) -> bytes:
        """What the signature covers."""
        return canonical({name: value for name, value in asdict(self).items() if name != "signature"}).encode()


class Checkpoints:
    """The checkpoints of one business, in a folder: the key, its public half to give away, and a line a checkpoint."""

    def __init__(self, folder: Path, business: str) -> None:
        self._folder = folder
        self._business = business

    def sign(self, size: int, root: str, *, at: datetime | None = None) -> Signed:
        """Sign what the audit is now and add it to the file; where it was signed already, that one.

        Raises AuditError where the folder cannot be written.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with FileLock(self._folder / ".lock"):
                last = next(iter(reversed(list(self._lines()))), None)
                if last is not None and (last.size, last.root) == (size, root):
                    return last
                made = self._signed(size, root, at or datetime.now(UTC))
                self._write(made)
        except OSError as error:
            reason = error.strerror or error
            raise AuditError(f"{self._folder}: no checkpoint can be written ({reason}); check room there") from error
        return made

    def read(self, public_key: Path | None = None) -> tuple[list[Checkpoint], list[str]]:
        """The checkpoints whose signature holds, and a line on each that does not.

        `public_key` is a PEM file kept elsewhere; without it the one in the folder is believed. Raises AuditError
        where there are checkpoints and no key.
        """
        lines = list(self._numbered())
        if not lines:
            return [], []
        key = self._public_key(public_key)
        good, bad = [], []
        for number, text in lines:
            signed = _parsed(text)
            if signed is not None and signed.business == self._business and _holds(signed, key):
                good.append(Checkpoint(signed.size, signed.root))
            else:
                bad.append(f"{self._folder / _FILE}, line {number}: the signature does not hold")
        return good, bad

    def _signed(self, size: int, root: str, at: datetime) -> Signed:
        when = at.astimezone(UTC).isoformat(timespec="seconds")
        unsigned = Signed(self._business, size, root, when, "")
        return Signed(self._business, size, root, when, self._key().sign(unsigned.said).hex())

    def _write(self, made: Signed) -> None:
        with (self._folder / _FILE).open("ab") as stream:
            stream.write(f"{canonical(asdict(made))}\n".encode())
            stream.flush()
            os.fsync(stream.fileno())

    def _numbered(self) -> Iterator[tuple[int, str]]:
        try:
            text = (self._folder / _FILE).read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return
        except OSError as error:
            raise AuditError(f"{self._folder / _FILE}: cannot be read ({error.strerror})") from error
        yield from ((number, line) for number, line in enumerate(text.splitlines(), start=1) if line.strip())

    def _lines(self) -> Iterator[Signed]:
        yield from filter(None, (_parsed(text) for _, text in self._numbered()))

    def _key(self) -> Ed25519PrivateKey:
        """The signing key, made at the first checkpoint."""
        path = self._folder / _KEY
        if path.exists():
            return _private(path)
        key = Ed25519PrivateKey.generate()
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        (self._folder / _PUBLIC).write_bytes(public)
        unfinished = path.with_suffix(".new")
        with suppress(FileNotFoundError):
            unfinished.unlink()
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(pem)
            stream.flush()
            os.fsync(stream.fileno())
        unfinished.replace(path)
        return key

    def _public_key(self, given: Path | None) -> Ed25519PublicKey:
        path = given or self._folder / _PUBLIC
        try:
            key = serialization.load_pem_public_key(path.read_bytes())
        except (OSError, ValueError) as error:
            raise AuditError(f"{path}: no public key can be read there; give its copy with --public-key") from error
        if not isinstance(key, Ed25519PublicKey):
            raise AuditError(f"{path}: not an Ed25519 key; give the copy of {_PUBLIC} with --public-key")
        return key


def _private(path: Path) -> Ed25519PrivateKey:
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError) as error:
        raise AuditError(f"{path}: no signing key can be read there; put its copy back") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise AuditError(f"{path}: not an Ed25519 key; put the right one back")
    return key


def _parsed(text: str) -> Signed | None:
    try:
        made = Signed(**json.loads(text))
    except (ValueError, TypeError):
        return None
    return made if isinstance(made.size, int) and isinstance(made.root, str) else None


def _holds(signed: Signed, key: Ed25519PublicKey) -> bool:
    try:
        key.verify(bytes.fromhex(signed.signature), signed.said)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True
