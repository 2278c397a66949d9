"""What Twilio's error codes mean for a part that was not sent.

The codes are those of https://www.twilio.com/docs/api/errors
"""

from __future__ import annotations

from munshi.bot.channel import FaultKind

OUTSIDE_WINDOW = 63016
"""WhatsApp's 24 hours after the customer's last message are over: only a template would be taken."""

_BUSY = frozenset({14107, 20429, 30022, 63018})
_DAILY_LIMIT = 63038
# What waits for the customer's next message or for the owner: authentication, money, the account, the sender.
_HOLD = frozenset({20003, 20005, 20403, 21606, 30002, 63007, OUTSIDE_WINDOW, 63020})


def consequence(code: int, status: int) -> tuple[FaultKind, float | None]:
    """What becomes of a part, and the least pause before a retry, by Twilio's `code` and the HTTP status."""
    if code in _HOLD or (code <= 0 and status in (401, 403)):
        return "hold", None
    if code == _DAILY_LIMIT:
        return "retry", 3600.0
    if code in _BUSY or status in (408, 425, 429) or status >= 500:
        return "retry", 1.0
    return "dead", None
