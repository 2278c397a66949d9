"""Links in what a language model wrote: only those to the shop's own hosts may stay."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import regex

from munshi.knowledge.normalise import clean

_INVISIBLE = regex.compile(r"[\p{Cc}\p{Cf}\p{Cs}\p{Co}--[\n\t\u200c\u200d]]", regex.V1)
_IMAGE = regex.compile(r"!\[[^\]]*\](?:\([^()]*(?:\([^()]*\)[^()]*)*\)|\[[^\]]*\])")
_MARKDOWN = regex.compile(r"\[([^\[\]]*)\]\(\s*<?([^()\s<>]*(?:\([^()]*\)[^()\s]*)*)[^()]*\)")
_TAG = regex.compile(r"<(?:/?[a-zA-Z][^<>]*|!--.*?--)>", regex.DOTALL)
_IN_BRACKETS = regex.compile(r"\s*[(<]\s*(?:https?://|www\.)[^\s()<>]+\s*[)>]", regex.IGNORECASE)
_SCHEME = r"(?:[a-z][a-z0-9+.-]{1,15}|hxxps?|h\W?t\W?t\W?p\W?s?)\s?(?::|\[:\])\s?(?://|\\\\)"
_ACTIVE = r"(?:javascript|vbscript|data|file|mailto|tel|sms|intent)\s?:\s?(?=[^\s])"
_DOT = r"(?:\.|\s?\[\.\]\s?|\s?\(\.\)\s?|\s?[\[({]\s?dot\s?[\])}]\s?|\sdot\s)"
_TOP = (
    "com|org|net|in|co|io|xyz|info|biz|ru|cn|tk|ml|ga|cf|top|site|online|shop|store|app|dev|ly|gl|uk|us|eu|de|fr|nl|it|es|"
    "jp|br|au|ca|ch|se|pl|tv|cc|ws|to|gov|edu|mil|int|link|click|live|club|pro|tech|website|space|fun|icu|buzz|vip|"
    "example|test|local|onion|bank|pay|zip|mov|me|sh|ai|gg|id|pk|bd|np|lk|ae"
)
_HOST = rf"(?:[\w-]{{1,63}}{_DOT}){{1,6}}(?:{_TOP}|xn--[\w-]+)"
_EMAIL = regex.compile(
    r"(?<![\w.%+-])[\w.%+-]{1,64}\s?(?:@|[\[(]\s?at\s?[\])])\s?[\w-]+(?:\.[\w-]+)+", regex.IGNORECASE
)
_LINK = regex.compile(
    rf"(?:{_SCHEME}|{_ACTIVE})[^\s<>\"')\]]*"
    rf"|(?<![\w@.])(?:www\d?\.[^\s<>\"')\]]+|{_HOST}(?![\w-])(?:[/:?#][^\s<>\"')\]]*)?)"
    r"|(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.])",
    regex.IGNORECASE,
)
_AUTHORITY = regex.compile(r"^https?://(?:[^/?#@\\]*@)?([^/?#:\\]+)", regex.IGNORECASE)
_SPACES = regex.compile(r"[ \t]{2,}")
_HOLE = regex.compile(r"\s+(?=[.,;:!?।])|\(\s*\)")


@dataclass(frozen=True, slots=True)
class Unlinked:
    """A text without markup and foreign links, and those that could not be taken out without leaving a hole."""

    text: str
    foreign: tuple[str, ...] = ()


def unlink(text: str, hosts: Collection[str], sources: Sequence[str] = ()) -> Unlinked:
    """Take out images, tags, invisible characters, and links to hosts that are none of `hosts` or below one.

    A Markdown link leaves its words. An address in the midst of a sentence leaves a hole, so that it is told in
    `foreign`; an e-mail address that stands in none of `sources` is one.
    """
    own = frozenset(host.casefold().removeprefix("www.") for host in hosts)
    text = _INVISIBLE.sub("", text)
    text = _TAG.sub("", _IMAGE.sub("", text))
    text = _MARKDOWN.sub(lambda match: match.group() if _is_own(match[2], own) else match[1], text)
    text = _IN_BRACKETS.sub(lambda match: match.group() if _is_own(match.group().strip(" (<>)"), own) else "", text)
    text = _HOLE.sub("", _SPACES.sub(" ", text)).strip()
    found = dict.fromkeys([*_foreign(text, own, sources), *_foreign(clean(text, limit=None).text, own, sources)])
    for address in found:
        text = text.replace(address, "")
    return Unlinked(_HOLE.sub("", _SPACES.sub(" ", text)).strip(), tuple(found))


def _foreign(text: str, own: frozenset[str], sources: Sequence[str]) -> list[str]:
    found = []
    known = " ".join(sources).casefold()
    emails = list(_EMAIL.finditer(text))
    found += [match.group() for match in emails if not _stands(match.group().casefold(), known)]
    text = _EMAIL.sub(" ", text)
    return found + [match.group() for match in _LINK.finditer(text) if not _is_own(match.group(), own)]


def _stands(address: str, known: str) -> bool:
    return regex.search(rf"(?<![\w.%+-]){regex.escape(address)}(?![\w-])", known) is not None


def _is_own(address: str, own: frozenset[str]) -> bool:
    """Whether an address leads to one of the hosts, or to one below it."""
    address = address.rstrip(".,;:!?")
    match = _AUTHORITY.match(address if "://" in address else f"https://{address}")
    if match is None or not match[1].isascii():
        return False
    host = match[1].casefold().removeprefix("www.")
    return any(host == one or host.endswith(f".{one}") for one in own)
