"""What a customer writes that nobody may read afterwards: a one-time code that was asked for, a login token.

It is taken out of a message before anything else is made of it, so that no transcript, state, ticket, audit record, log
or model ever holds it.
"""

from __future__ import annotations

import re
import unicodedata

from munshi.handlers.customers import LOGIN_TOKEN

MASK = "••••••"

# Six digits, also in groups, that are no part of a longer number and no amount with its currency.
_CODE = re.compile(
    r"(?i)(?<![^\W_])(?<!\d[ -])(?<!\+)(?<!₹)(?<!₹ )(?<!\brs )(?<!\brs\.)(?<!\brs\. )"
    r"\d(?:[ -]?\d){5}(?![^\W_])(?![ -]\d)(?! ?(?:rs\b|rupees?\b|rupa[iy]e\b|रुपये|रुपए|/-))"
)
# A message of nothing else that may have been meant as a code.
_MEANT = re.compile(r"\s*\d(?:[ -]?\d){3,7}\W*")


def hide(text: str, *, code_asked: bool) -> tuple[str, str]:
    """The message with what is secret masked, and the secret: a login token, else the code, its digits in ASCII."""
    token = LOGIN_TOKEN.search(text)
    if token is not None:
        return LOGIN_TOKEN.sub(MASK, text), token.group()
    if not code_asked:
        return text, ""
    shown = "".join(char for char in text if unicodedata.category(char) != "Cf")
    found = _CODE.search(shown) or _MEANT.fullmatch(shown)
    if found is None:
        return text, ""
    digits = (str(unicodedata.decimal(char)) for char in found.group() if char.isdecimal())
    return found.re.sub(MASK, shown), "".join(digits)
