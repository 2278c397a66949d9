"""TwiML: what Twilio is answered with."""

from __future__ import annotations

from collections.abc import Iterable
from xml.sax.saxutils import escape

import regex

MEDIA_TYPE = "application/xml"

_NOT_XML = regex.compile(r"[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")


def twiml(texts: Iterable[str] = ()) -> str:
    """A document that has Twilio send these texts at once; none by default."""
    said = "".join(f"<Message>{escape(_NOT_XML.sub('', text))}</Message>" for text in texts)
    return f'<?xml version="1.0" encoding="UTF-8"?><Response>{said}</Response>'
