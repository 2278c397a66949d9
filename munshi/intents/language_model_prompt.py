"""The prompt that asks for a label: files in `prompts/`, filled in so that no customer's text can be taken for ours."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from itertools import accumulate
from string import Template

from munshi.intents.language_model_answer import none_word
from munshi.knowledge.base import ChatMessage

Pairs = Sequence[tuple[str, str]]
"""(text, label) pairs, the likest first."""

# So much of a message is shown: what is wanted is said early.
TEXT_CHARS = 1000
# What the labels with their descriptions, and the examples, may take together, in bytes of UTF-8, of which a token of
# English takes four and one of Hindi three. With the rest of the prompt that is some 3,000 tokens, which any model can
# take; a shop with twenty intents needs a third of it.
BUDGET = 9000
# How much of each description, and of each example, is shown: the first of these sizes that the budget has room for.
DESCRIPTION_BYTES = (300, 160, 80, 40, 0)
EXAMPLE_BYTES = (200, 120, 80, 50)
_SEPARATOR = "\n--- user ---\n"
# Brackets, and what breaks a line where JSON does not say so.
_ESCAPED = str.maketrans({mark: f"\\u{ord(mark):04x}" for mark in "<[\x7f\x85\u2028\u2029"})


def prompt(
    text: str, labels: Sequence[str], descriptions: Mapping[str, str], examples: Pairs = ()
) -> tuple[ChatMessage, ChatMessage]:
    """System and user message that ask which of `labels`, in that order, fits a text.

    The system message is the same for every text with the same labels, so that a server need not read it again.
    Descriptions, then examples, are cut to what the budget has room for; labels never are, see `fitting`.
    """
    listed = _listed(labels, descriptions, BUDGET // 2 if examples else BUDGET)
    shown = _shown(examples, BUDGET - _size(listed))
    system, user = _template("few_shot.v1.txt" if shown else "zero_shot.v1.txt")
    values = {"labels": listed, "none": quoted(none_word(labels)), "text": quoted(text[:TEXT_CHARS]), "examples": shown}
    return ChatMessage("system", system.substitute(values)), ChatMessage("user", user.substitute(values))


def fitting(ranked: Sequence[str], *, examples: bool = False) -> int:
    """How many of the labels, from the first on, a prompt has room for by their names, with an example each or none."""
    room = BUDGET
    for count, label in enumerate(ranked):
        room -= _size(_line(label, ""))
        if examples:
            room -= _size(_line(label, "x" * EXAMPLE_BYTES[-1])) + len('""')
        if room < 0:
            return count
    return len(ranked)


def quoted(text: str) -> str:
    r"""A text as a JSON string that holds no mark a chat template could take for its own.

    `<|im_start|>`, `</s>` and `[INST]` all begin with a bracket, which is written as its escape `\u003c` or `\u005b`;
    half a surrogate pair, which no server takes, is a question mark.
    """
    whole = text.encode(errors="replace").decode()
    return json.dumps(whole, ensure_ascii=False).translate(_ESCAPED)


def _listed(labels: Sequence[str], descriptions: Mapping[str, str], room: int) -> str:
    """One line a label, with its description cut so far that there is room for all."""
    listed = ""
    for size in DESCRIPTION_BYTES:
        listed = "\n".join(_line(label, _cut(descriptions.get(label, ""), size)) for label in labels)
        if _size(listed) <= room:
            break
    return listed


def _line(label: str, said: str) -> str:
    return f"- {quoted(label)}: {said}" if said else f"- {quoted(label)}"


def _shown(examples: Pairs, room: int) -> str:
    """One line a label, the likest last: what stands nearest to the message is heeded most.

    Where there is no room for all, they are cut shorter, then only the first of each label is shown, and in the end
    the labels least like the message are left out.
    """
    lines: list[str] = []
    for size, most in [*((size, None) for size in EXAMPLE_BYTES), (EXAMPLE_BYTES[-1], 1)]:
        lines = _grouped(examples, size, most)
        if sum(map(_size, lines)) <= room:
            break
    ends = accumulate(map(_size, lines))
    return "\n".join(reversed([line for line, end in zip(lines, ends, strict=True) if end <= room]))


def _grouped(examples: Pairs, size: int, most: int | None) -> list[str]:
    """A line a label, with at most so many of its examples, each cut to so many bytes."""
    groups: dict[str, list[str]] = {}
    for text, label in examples:
        groups.setdefault(label, []).append(quoted(_cut(text, size)))
    return [_line(label, ", ".join(texts[:most])) for label, texts in groups.items()]


def _cut(text: str, size: int) -> str:
    """At most so many bytes of a text on one line, ending with a whole word where there is one."""
    line = " ".join(text.split())
    if _size(line) <= size + 1:
        return line
    kept = line.encode(errors="replace")[: size + 1].decode(errors="ignore")
    head, _, _ = kept.rpartition(" ")
    return head or kept[:-1]


def _size(text: str) -> int:
    """What a line takes, in bytes, with the line break at its end."""
    return len(text.encode(errors="replace")) + 1


@cache
def _template(name: str) -> tuple[Template, Template]:
    text = (files("munshi.intents") / "prompts" / name).read_text(encoding="utf-8")
    system, _, user = text.strip().partition(_SEPARATOR)
    return Template(system), Template(user)
