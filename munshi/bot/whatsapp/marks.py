"""Markdown, as papers and language models write it, in the few marks that WhatsApp knows.

Whatever else a text holds stays as it is: WhatsApp shows what it has no mark for.
"""

from __future__ import annotations

import regex

# Code stays as it is, whatever stands in it.
_CODE = regex.compile(r"```.*?```|`[^`\n]+`", regex.DOTALL)
_EMPHASIS = regex.compile(
    r"(?<![*\w])(\*{1,3})(?=[^\s*])([^*\n]+?)(?<=[^\s*])\1(?![*\w])|(?<![_\w])__(?=\S)([^_\n]+?)(?<=\S)__(?![_\w])"
)
_STRUCK = regex.compile(r"~~(?=\S)([^~\n]+?)(?<=\S)~~")
_HEADING = regex.compile(r"^ {0,3}#{1,6}[ ]+(.+?)[ ]*#*$", regex.MULTILINE)
_LINK = regex.compile(r"!?\[([^\[\]\n]*)\]\((https?://[^\s()]+|mailto:[^\s()]+)(?:[ ]\"[^\"\n]*\")?\)")
_BULLET = regex.compile(r"^([ ]*)[*+][ ]+(?=\S)", regex.MULTILINE)
_RULE = regex.compile(r"^[ ]{0,3}(?:-{3,}|\*{3,}|_{3,})[ ]*$\n?", regex.MULTILINE)


def to_marks(text: str) -> str:
    """A text with its bold, italic, struck out, headings, links and bullets as WhatsApp marks them."""
    done: list[str] = []
    end = 0
    for code in _CODE.finditer(text):
        done += [_marked(text[end : code.start()]), code.group()]
        end = code.end()
    return "".join([*done, _marked(text[end:])])


def _marked(text: str) -> str:
    text = _RULE.sub("", text)
    text = _BULLET.sub(r"\1- ", text)
    text = _LINK.sub(lambda link: link[2] if link[1] in ("", link[2]) else f"{link[1]} ({link[2]})", text)
    text = _EMPHASIS.sub(_emphasis, text)
    text = _HEADING.sub(lambda heading: f"*{heading[1].strip('*')}*", text)
    struck: str = _STRUCK.sub(r"~\1~", text)
    return struck


def _emphasis(found: regex.Match[str]) -> str:
    words = found[2] or found[3]
    return {"*": f"_{words}_", "***": f"*_{words}_*"}.get(found[1], f"*{words}*")
