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
# What the labels with their descriptions, and the examples, may take together, in characters. With the rest of the
# prompt that is some 3,000 tokens of English, which fits where a server is left at a context of 4,096.
BUDGET = 9000
# How much of each description, and of each example, is shown: the first of these that the budget has room for.
DESCRIPTION_CHARS = (300, 160, 80, 40, 0)
EXAMPLE_CHARS = (200, 120, 80, 50)
_SEPARATOR = "\n--- user ---\n"


def prompt(
    text: str, labels: Sequence[str], descriptions: Mapping[str, str], examples: Pairs = ()
) -> tuple[ChatMessage, ChatMessage]:
    """System and user message that ask which of `labels`, in that order, fits a text.

    The system message is the same for every text with the same labels, so that a server need not read it again.
    Descriptions, then examples, are cut to what the budget has room for; labels never are, see `fitting`.
    """
    listed = _listed(labels, descriptions, BUDGET // 2 if examples else BUDGET)
    shown = _shown(examples, BUDGET - len(listed))
    system, user = _template("few_shot.v1.txt" if shown else "zero_shot.v1.txt")
    values = {"labels": listed, "none": quoted(none_word(labels)), "text": quoted(text[:TEXT_CHARS]), "examples": shown}
    return ChatMessage("system", system.substitute(values)), ChatMessage("user", user.substitute(values))


def fitting(ranked: Sequence[str], *, examples: bool = False) -> int:
    """How many of the labels, from the first on, a prompt has room for by their names, with an example each or none."""
    room = BUDGET
    for count, label in enumerate(ranked):
        room -= len(_line(label, "")) + 1
        if examples:
            room -= len(_line(label, "x" * EXAMPLE_CHARS[-1])) + len('""\n')
        if room < 0:
            return count
    return len(ranked)


def quoted(text: str) -> str:
    r"""A text as a JSON string that holds no mark a chat template could take for its own.

    `<|im_start|>`, `</s>` and `[INST]` all begin with a bracket, which is written as its escape `\u003c` or `\u005b`;
    half a surrogate pair, which no server takes, is a question mark.
    """
    whole = text.encode(errors="replace").decode()
    return json.dumps(whole, ensure_ascii=False).replace("<", "\\u003c").replace("[", "\\u005b")


def _listed(labels: Sequence[str], descriptions: Mapping[str, str], room: int) -> str:
    """One line a label, with its description cut so far that there is room for all."""
    listed = ""
    for chars in DESCRIPTION_CHARS:
        listed = "\n".join(_line(label, _cut(descriptions.get(label, ""), chars)) for label in labels)
        if len(listed) <= room:
            break
    return listed


def _line(label: str, said: str) -> str:
    return f"- {quoted(label)}: {said}" if said else f"- {quoted(label)}"


def _shown(examples: Pairs, room: int) -> str:
    """One line a label, the likest last: what stands nearest to the message is heeded most.

    Where there is no room for all, even cut short, the labels least like the message are left out.
    """
    lines: list[str] = []
    for chars in EXAMPLE_CHARS:
        lines = _grouped(examples, chars)
        if sum(map(len, lines)) + len(lines) <= room:
            break
    ends = accumulate(len(line) + 1 for line in lines)
    return "\n".join(reversed([line for line, end in zip(lines, ends, strict=True) if end <= room]))


def _grouped(examples: Pairs, chars: int) -> list[str]:
    groups: dict[str, list[str]] = {}
    for text, label in examples:
        groups.setdefault(label, []).append(quoted(_cut(text, chars)))
    return [_line(label, ", ".join(texts)) for label, texts in groups.items()]


def _cut(text: str, chars: int) -> str:
    """At most so many characters of a text on one line, ending with a whole word where there is one."""
    line = " ".join(text.split())
    if len(line) <= chars:
        return line
    head, _, _ = line[: chars + 1].rpartition(" ")
    return head or line[:chars]


@cache
def _template(name: str) -> tuple[Template, Template]:
    text = (files("munshi.intents") / "prompts" / name).read_text(encoding="utf-8")
    system, _, user = text.strip().partition(_SEPARATOR)
    return Template(system), Template(user)
