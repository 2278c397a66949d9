"""Whether a message can be an order to do something: a question, a "don't" and the opposite of one are none."""

from __future__ import annotations

from collections.abc import Iterable, Set

from munshi.bot.consent import fold

# What begins or ends with one of these asks, what holds one of those forbids, and what undoes is the opposite ("unblock
# my card"). None is an order, though it shares nearly all its words with one.
_ASKING = frozenset(
    "is was were am are has have had did does do will would should if "
    "what whats why when which who where how "  # codespell:ignore whats
    "kya kyu kyun kyon kab kaise agar क्या क्यों क्यूँ कब कैसे अगर".split()
)
_ASKING_LAST = _ASKING - {"do"}  # "block kar do" gives an order
_MAY = frozenset({"can", "could", "may"})  # "can you block it" gives an order, "can I send 5 lakh" asks
_FORBIDDING = frozenset("not dont doesnt didnt never mat mt मत".split())  # codespell:ignore doesnt,didnt
_UNDOING = ("un", "de", "dis")


# Words that ask wherever they stand.
_WONDERING = frozenset(
    "what which when why how kitna kitni kitne kab kaise kahan kaun kaunsa kaunse konsa kyu kyun kyon "
    "कितना कितनी कितने कब कैसे कहाँ कहां कौन कौनसा क्यों".split()
)


def asks(text: str) -> bool:
    """Whether a message is plainly a question, in its words or by its mark."""
    words = fold(text).split()
    if not words:
        return False
    return (
        text.rstrip().endswith(("?", "？"))
        or words[0] in _ASKING | _MAY
        or words[-1] in _ASKING_LAST
        or not _WONDERING.isdisjoint(words)
    )


def words_of(texts: Iterable[str]) -> frozenset[str]:
    """The words of some texts, folded."""
    return frozenset(fold(" ".join(texts)).split())


def may_be_order(text: str, known: Set[str]) -> bool:
    """Whether a message can mean to have something done; `known` are the words of the orders it is taken for."""
    words = fold(text).split()
    if not words or words[0] in _ASKING or words[-1] in _ASKING_LAST or not _FORBIDDING.isdisjoint(words):
        return False
    if words[0] in _MAY and words[1:2] in (["i"], ["we"]):
        return False
    new = (word for word in words if word not in known)
    return not any(word.removeprefix(prefix) in known for word in new for prefix in _UNDOING if word.startswith(prefix))
