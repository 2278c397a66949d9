"""A message in its normal form, with the way back to the characters it was written with.

What is done: NFKC; control, bidi and zero-width characters dropped (the joiner inside an emoji stays); every decimal
digit to 0-9; typographic quotes and dashes to ASCII; white space to single spaces, none at the ends. Nothing of what
was said is changed: spelling is another file's business.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

MAX_CHARS = 4096
"""As much of a message as is read: what a WhatsApp text message may hold."""

MAX_MARKS = 4
"""Combining marks on one letter: no script needs more, and piles of them cost NFKC quadratic time."""

_PLAIN = re.compile(r"(?:[!-~]+(?: [!-~]+)*)?")
_DROPPED = frozenset({"Cc", "Cf", "Cs"})
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u20e3\u2800\u3164\uffa0")
_JOINER = "\u200d"
_SELECTORS = frozenset("\ufe0e\ufe0f")
# Letters in name only: they join the character before them under NFKC, as marks do.
_JOINING = re.compile("[\u1160-\u11ff\uff9e\uff9f]")
_ASCII = {ord(old): new for olds, new in (("‘’‛ʼ′", "'"), ("“”„″", '"'), ("‐‑‒–—―−", "-")) for old in olds}


@dataclass(frozen=True, slots=True)
class CleanText:
    """A normal form and where each of its characters stood.

    Character i of `text` comes from `source[starts[i]:ends[i]]`.
    """

    text: str
    source: str
    starts: Sequence[int]
    ends: Sequence[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Offsets into the source for the non-empty range [start, end) of `text`."""
        return self.starts[start], self.ends[end - 1]


def clean(source: str, *, limit: int | None = MAX_CHARS) -> CleanText:
    """The normal form of the first `limit` characters of `source`. Idempotent on its own `text`."""
    head = source if limit is None else source[:limit]
    if _PLAIN.fullmatch(head):
        return CleanText(head, source, range(len(head)), range(1, len(head) + 1))
    text, starts, ends = _once(head)
    # Dropping a character can bring together two that compose; one more pass settles all but contrived cases.
    for _ in range(3):
        again, inner_starts, inner_ends = _once(text)
        if again == text:
            break
        starts, ends = [starts[i] for i in inner_starts], [ends[i - 1] for i in inner_ends]
        text = again
    return CleanText(text, source, starts, ends)


def _once(source: str) -> tuple[str, list[int], list[int]]:
    chars: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for piece, start, end in _pieces(source):
        for char in piece:
            if char == " " and (not chars or chars[-1] == " "):
                continue
            chars.append(char)
            starts.append(start)
            ends.append(end)
    if chars and chars[-1] == " ":
        chars.pop()
    return "".join(chars), starts[: len(chars)], ends[: len(chars)]


def _pieces(source: str) -> Iterator[tuple[str, int, int]]:
    """Each letter with its marks in normal form, and the range it stood in."""
    cluster, start, end, marks = "", 0, 0, 0
    for index, char in enumerate(source):
        if _is_dropped(source, index):
            continue
        joins = not char.isascii() and (unicodedata.category(char)[0] == "M" or _JOINING.match(char) is not None)
        if joins and cluster:
            marks += 1
            if marks <= MAX_MARKS:
                cluster += char
            end = index + 1
            continue
        if cluster:
            yield _fold(cluster), start, end
        cluster, start, end, marks = char, index, index + 1, 0
    if cluster:
        yield _fold(cluster), start, end


def _is_dropped(source: str, index: int) -> bool:
    char = source[index]
    if " " <= char <= "~" or char.isspace():
        return False
    if char in _SELECTORS:
        return not _is_emoji(source, index - 1)
    if char == _JOINER:
        return not (_is_emoji(source, index - 1) and _is_emoji(source, index + 1))
    return char in _INVISIBLE or unicodedata.category(char) in _DROPPED or "\ufe00" <= char < "\ufe0e"


def _is_emoji(source: str, index: int) -> bool:
    """Whether the character there, or the one that a selector there belongs to, is a pictograph or a skin tone."""
    if 0 < index < len(source) and source[index] in _SELECTORS:
        index -= 1
    return 0 <= index < len(source) and unicodedata.category(source[index]) in ("So", "Sk")


def _fold(cluster: str) -> str:
    """NFKC of one letter with its marks, digits and punctuation in ASCII, all white space as a space."""
    if cluster.isascii():
        return " " if cluster.isspace() else cluster
    if unicodedata.decomposition(cluster[0]).startswith("<fraction>"):
        # "2½" is 2 1/2, which NFKC would write 21/2.
        cluster = " " + unicodedata.normalize("NFKC", cluster).replace("\u2044", "/")
    folded = unicodedata.normalize("NFKC", cluster).translate(_ASCII)
    return "".join(map(_fold_char, folded))


def _fold_char(char: str) -> str:
    if char.isspace():
        return " "
    digit = unicodedata.decimal(char, None)
    return char if digit is None else str(digit)
