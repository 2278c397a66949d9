"""What a customer writes that nobody may read afterwards: a one-time code that was asked for, a login token.

It is taken out of a message before anything else is made of it, so that no transcript, state, ticket, audit record, log
or model ever holds it.
"""

from __future__ import annotations

import re
import unicodedata

from munshi.handlers.customers import LOGIN_TOKEN

MASK = "••••••"

# Four to eight digits by themselves, also in groups: what may have been meant as a code of six.
_CODE = re.compile(r"(?<![^\W_])(?<!\d[ -])(?<!\+)\d(?:[ -]?\d){3,7}(?![^\W_])(?![ -]\d)")


def hide(text: str, *, code_asked: bool) -> tuple[str, str]:
    """The message with what is secret masked, and the secret: a login token, else the code, its digits in ASCII."""
    token = LOGIN_TOKEN.search(text)
    if token is not None:
        return LOGIN_TOKEN.sub(MASK, text), token.group()
    if not code_asked:
        return text, ""
    shown = "".join(char for char in text if unicodedata.category(char) != "Cf")
    found = _CODE.search(shown)
    if found is None:
        return text, ""
    digits = (str(unicodedata.decimal(char)) for char in found.group() if char.isdecimal())
    return _CODE.sub(MASK, shown), "".join(digits)
