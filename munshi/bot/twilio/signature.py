"""The signature that Twilio puts on what it sends.

It is made as https://www.twilio.com/docs/usage/webhooks/webhooks-security has it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable

HEADER = "X-Twilio-Signature"

Fields = Iterable[tuple[str, str]]


def sign(token: str, url: str, fields: Fields) -> str:
    """The header's value: HMAC-SHA1, in base64, of the address as Twilio knows it and the form's sorted fields."""
    text = url + "".join(name + value for name, value in sorted(set(fields)))
    digest = hmac.new(token.encode(), text.encode("utf-8", "replace"), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def is_signed(token: str, url: str, fields: Fields, header: str | None) -> bool:
    """Whether the header is the request's, compared in constant time. An empty token signs nothing."""
    given = (header or "").encode("utf-8", "replace")
    return bool(token) and hmac.compare_digest(sign(token, url, fields).encode(), given)
