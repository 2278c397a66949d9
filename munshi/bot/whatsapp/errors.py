"""What Meta's error codes mean for a part that was not sent.

The codes are those of the Cloud API's error reference; https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes
"""

from __future__ import annotations

from munshi.bot.channel import FaultKind

OUTSIDE_WINDOW = 131047
"""The customer wrote last more than 24 hours ago: only a template would be taken."""

PAIR_LIMIT = 131056
"""Too many messages to one customer in a short time."""

_PAIR_PAUSE = 6.0
"""Seconds in which Meta lets one message through to one customer."""

_BUSY_PAUSE = 60.0
"""Seconds before a try is worth it where a limit of the whole number or account is reached."""

# Codes that pass by themselves, each with its least pause.
_LATER = {
    **dict.fromkeys((1, 2, 131000, 131016, 133004), 0.0),
    **dict.fromkeys((4, 80007, 131048, 131057), _BUSY_PAUSE),
    130429: 1.0,
    PAIR_LIMIT: _PAIR_PAUSE,
}

# What the owner must mend first (token, permission, payment, the account), or the customer by writing again.
_HOLD = frozenset({0, 3, 10, 190, 368, 130497, 131005, 131031, 131037, 131042, 131045, OUTSIDE_WINDOW, 133010, 137000})
_PERMISSIONS = range(200, 300)


TEMPLATE_FAULTS = {
    132000: "the template has more or fewer placeholders: `shop_name` in business.yaml must say whether it has one",
    132001: "there is no approved template of that name in that language: see WhatsApp Manager, correct business.yaml",
    132005: "the template is too long with the shop's name in it: make a shorter one",
    132007: "Meta finds the template against its rules: make another",
    132012: "the template's placeholder is of another kind: it must be a number, {{1}}, for text",
    132015: "Meta has paused the template, since customers did not like it: wait some hours, or make another",
    132016: "Meta has switched the template off, since it was paused too often: make another",
    131049: "Meta did not deliver it, to spare the customer marketing: make the template's category *Utility*",
}
"""What an owner does about a template that was not taken."""


def consequence(code: int, status: int) -> tuple[FaultKind, float | None]:
    """What becomes of a part, and the least pause before a retry, by Meta's `code` (0 and below: none) and HTTP status.

    What is not known is retried where the server was at fault, and else never: Meta will not take it the next time.
    """
    if code in _LATER:
        return "retry", _LATER[code] or None
    if code > 0 and (code in _HOLD or code in _PERMISSIONS):
        return "hold", None
    if code <= 0 and status in (401, 403):
        return "hold", None
    if status in (408, 425, 429) or status >= 500:
        return "retry", None
    return "dead", None
