"""Prompts: files in a room's `prompts/`, and texts of others in them that cannot be taken for ours."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from string import Template

_SEPARATOR = "\n--- user ---\n"
# Brackets, and what breaks a line where JSON does not say so.
_ESCAPED = str.maketrans({mark: f"\\u{ord(mark):04x}" for mark in "<[\x7f\x85\u2028\u2029"})


def quoted(text: str) -> str:
    r"""A text as a JSON string that holds no mark a chat template could take for its own.

    `<|im_start|>`, `</s>` and `[INST]` all begin with a bracket, which is written as its escape `\u003c` or `\u005b`;
    half a surrogate pair, which no server takes, is a question mark.
    """
    whole = text.encode(errors="replace").decode()
    return json.dumps(whole, ensure_ascii=False).translate(_ESCAPED)


def cut(text: str, size: int) -> str:
    """At most so many bytes of a text on one line, ending with a whole word where there is one."""
    line = " ".join(text.split())
    if line_size(line) <= size + 1:
        return line
    kept = line.encode(errors="replace")[: size + 1].decode(errors="ignore")
    head, _, _ = kept.rpartition(" ")
    return head or kept[:-1]


def line_size(text: str) -> int:
    """What a line takes, in bytes, with the line break at its end."""
    return len(text.encode(errors="replace")) + 1


@cache
def prompt_file(room: str, name: str) -> tuple[Template, Template]:
    """The system and the user message in the file `prompts/name` of a room (`munshi.knowledge`, say)."""
    text = (files(room) / "prompts" / name).read_text(encoding="utf-8")
    system, _, user = text.strip().partition(_SEPARATOR)
    return Template(system), Template(user)
