"""Plain text to what the chat window shows, in which nothing that a customer or a document wrote is ever markup.

The window renders Markdown with HTML in it. Every punctuation mark of a text is therefore written as a numeric
character reference: the browser shows it as it was, while neither the Markdown nor the HTML reader sees a tag, a link,
an image or a list in it.
"""

from __future__ import annotations

import string
from collections.abc import Iterable

from munshi.bot.wording import plain
from munshi.handlers.reply_file import ReplyFile
from munshi.knowledge.base import Citation

_REFERENCES = {ord(mark): f"&#{ord(mark)};" for mark in string.punctuation + "\n"}


def literal(text: str) -> str:
    """Any text as markup that shows that text as it is, in one line of source."""
    valid = text.encode("utf-8", "replace").decode()  # half a surrogate pair could not be sent
    return plain(valid).translate(_REFERENCES)


def said(speaker: str, text: str, *, growing: bool = False) -> str:
    """What somebody said, or has said so far; a right-to-left text runs its own way.

    Whose bubble it is can be seen from its side and colour, so the speaker's name is there for screen readers.
    """
    kind = "said growing" if growing else "said"
    return f'<div class="heard">{literal(speaker)}</div><div class="{kind}" dir="auto">{literal(text)}</div>'


def said_by_person(speaker: str, text: str) -> str:
    """What a person of the shop said, marked as theirs for everyone."""
    return f'<div class="speaker">{literal(speaker)}</div><div class="said" dir="auto">{literal(text)}</div>'


def typing(speaker: str) -> str:
    """Stands where a reply will be, from when a message is sent until the first words."""
    return f'<div class="heard">{literal(speaker)}</div><div class="said growing typing">&#8943;</div>'


def sources(citations: Iterable[Citation]) -> str:
    """Where an answer stands, each source to be unfolded to its verbatim quote; the same quote once."""
    folded = "".join(dict.fromkeys(_source(citation) for citation in citations))
    return f'<div class="sources">{folded}</div>' if folded else ""


def download(line: int, number: int, file: ReplyFile) -> str:
    """A link to a file that a line of the chat holds, `number` counted from 1."""
    label = f"Download: {file.title} ({file.in_words})"
    return f'<div class="sources"><a href="./files/{line}/{number}" download>{literal(label)}</a></div>'


def _source(citation: Citation) -> str:
    place = citation.source if citation.page is None else f"{citation.source}, page {citation.page}"
    return (
        f'<details class="source"><summary><span class="label">Source</span> {literal(_trail(citation))}</summary>'
        f'<blockquote dir="auto">{literal(citation.quote)}</blockquote>'
        f'<div class="place">{literal(place)}</div></details>'
    )


def _trail(citation: Citation) -> str:
    """Title and headings, outermost first, none twice; the file's name where there is neither."""
    steps = dict.fromkeys(filter(None, (citation.title, *citation.heading)))
    return " › ".join(steps) or citation.source


def masthead(name: str, description: str, opening: str) -> str:
    """The top of the window: whose shop this is, whether it is open, and a way to start afresh."""
    return (
        f'<div class="masthead"><div class="mark">{literal(name[:1].upper())}</div>'
        f'<div class="shop"><h1>{literal(name)}</h1><p>{literal(description)}</p></div>'
        f'<form class="fresh" method="post" action="./new"><button type="submit">New chat</button></form></div>'
        f'<div class="opening">{literal(opening)}</div>'
    )


def footnotes(lines: Iterable[str]) -> str:
    """Small lines under the message box."""
    return "".join(f'<p class="footnote">{literal(line)}</p>' for line in lines)
