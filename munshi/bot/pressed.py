"""What a message stands for beside its words: the button it presses, or the yes it gives."""

from __future__ import annotations

from munshi.bot.consent import consent, fold
from munshi.bot.router import Route
from munshi.bot.state import SessionState
from munshi.handlers.base import CALL_PERSON, Reply

INTENT = "intent:"
NONE_OF_THESE = "none:"
DROPPED = "drop:"
YES = "yes #"
"""What the value of a yes begins with; after it stands what was read back, so that it is a yes to nothing else."""
COMMANDS = (INTENT, CALL_PERSON, NONE_OF_THESE, DROPPED)
"""What the values of buttons that are no words begin with."""


_NUMBERED = frozenset({"terminal", "twilio"})
"""Channels that show a number beside each button."""


def heard(state: SessionState, text: str, pressed: str = "", *, channel: str = "") -> tuple[str, str]:
    """What a message stands for: (the pressed button's value, the text to be understood).

    A button counts as pressed when the channel says so (`pressed` is its value then), or when its label, or its number
    in the list, is the whole message; that of a yes only where the customer has seen it, for a bare "1" may be meant as
    a correction. A button that chooses an intent is about the message that was asked back about; a yes stands for its
    label; any other for its own value. So is a yes, a no or a "forget it" in any language, where a yes would choose an
    intent.
    """
    wanted = fold(text)
    for position, (label, value) in enumerate(state.options.items(), start=1):
        number = "" if value.startswith(YES) and channel not in _NUMBERED else str(position)
        if pressed == value if pressed else wanted and wanted in (fold(label), number):
            return _stands_for(value, label, state.clarifying or text)
    if pressed:  # a button of an older message
        return _stands_for(pressed, text, text)
    said = consent(text) if state.yes_means and state.form is None else None
    if said == "yes":
        return state.yes_means, state.clarifying or text
    if said is not None and state.yes_means.startswith(INTENT):
        return (NONE_OF_THESE, state.clarifying or text) if said == "no" else (DROPPED, text)
    return "", text


def yes_means(route: Route, reply: Reply) -> str:
    """What a bare yes to a reply stands for: the intent to be confirmed, or the person that was offered."""
    if route.kind == "confirm":
        return f"{INTENT}{route.intent}"
    offered = not reply.answered and any(button.value == CALL_PERSON for button in reply.buttons)
    return CALL_PERSON if offered else ""


def _stands_for(value: str, label: str, about: str) -> tuple[str, str]:
    if value.startswith(COMMANDS):
        return value, about
    return value, label if value.startswith(YES) else value
