"""The signature that Meta puts on what it sends to the webhook."""

from __future__ import annotations

import hashlib
import hmac

HEADER = "X-Hub-Signature-256"

_PREFIX = "sha256="


def sign(secret: str, body: bytes) -> str:
    """The header's value for a body: HMAC-SHA256 of its raw bytes under the app secret."""
    return _PREFIX + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def is_signed(secret: str, body: bytes, header: str | None) -> bool:
    """Whether the header is the body's, compared in constant time. An empty secret signs nothing."""
    given = (header or "").encode("utf-8", "replace")
    return bool(secret) and hmac.compare_digest(sign(secret, body).encode(), given)
