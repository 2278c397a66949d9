"""What a message says of a card: which one, why it is to be blocked, and whether it is somebody else's."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from munshi.handlers.cards import Card
from munshi.knowledge import lexicon
from munshi.knowledge.text import words

_ALL = frozenset("all both every sab sabhi saare sare dono donon सब सभी सारे दोनों दोनो".split())
_KINDS: Mapping[str, frozenset[str]] = {
    "debit": frozenset("debit atm डेबिट एटीएम".split()),
    "credit": frozenset("credit क्रेडिट".split()),
}
_REASONS: Mapping[str, frozenset[str]] = {
    "stolen": frozenset("stolen stole theft snatched robbed chori churaya chura chhin चोरी छिन चुरा".split()),
    "misused": frozenset("misused misuse using used fraud hacked never galat धोखा फ्रॉड गलत".split()),
    "lost": frozenset("lost lose missing gum kho gira gaya fell find खो गुम गिर".split()),
}
_OF_THEM = frozenset("s ka ki ke का की के".split())
_THEIRS = frozenset("his her their unka unki unke uska uski uske उनका उनकी उनके उसका उसकी उसके".split())
_CARD = frozenset("card cards debit credit atm कार्ड".split())
_FOUR = re.compile(r"(?<!\d)\d{4}(?!\d)")


def means_all(said: str) -> bool:
    """Whether it means every card."""
    return not _ALL.isdisjoint(words(said))


def named_in(cards: Sequence[Card], said: str) -> tuple[Card, ...]:
    """The cards that it names, by last digits or by kind; none where it tells none from the rest."""
    digits = _FOUR.findall(said)
    by_digits = tuple(card for card in cards if card.last_four in digits)
    if by_digits:
        return by_digits
    spoken = set(words(said))
    kinds = {kind for kind, names in _KINDS.items() if not names.isdisjoint(spoken)}
    return tuple(card for card in cards if card.kind in kinds)


def reason_in(text: str) -> str:
    """Why a card is to be blocked, in one word: stolen, misused, lost or asked."""
    spoken = set(words(text))
    return next((reason for reason, names in _REASONS.items() if not names.isdisjoint(spoken)), "asked")


def is_somebody_elses(text: str) -> bool:
    """Whether a message speaks of the card of somebody other than who writes: "my father's card", "papa ka card"."""
    spoken = words(text)
    if not _THEIRS.isdisjoint(spoken):
        return True
    relations = lexicon.words("relations")
    for at, word in enumerate(spoken):
        if word not in relations and word.removesuffix("s") not in relations:
            continue
        before, after = spoken[max(0, at - 2) : at], spoken[at + 1 : at + 2]
        if "of" in before or _OF_THEM & set(after) or (after and after[0] in _CARD) or word not in relations:
            return True
    return False
