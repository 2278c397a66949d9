"""The prompt that asks for a label: files in `prompts/`, filled in so that no customer's text can be taken for ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate

from munshi.intents.language_model_answer import none_word
from munshi.knowledge.base import ChatMessage
from munshi.knowledge.prompting import cut, line_size, prompt_file, quoted

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


def prompt(
    text: str, labels: Sequence[str], descriptions: Mapping[str, str], examples: Pairs = ()
) -> tuple[ChatMessage, ChatMessage]:
    """System and user message that ask which of `labels`, in that order, fits a text.

    The system message is the same for every text with the same labels, so that a server need not read it again.
    Descriptions, then examples, are cut to what the budget has room for; labels never are, see `fitting`.
    """
    listed = _listed(labels, descriptions, BUDGET // 2 if examples else BUDGET)
    shown = _shown(examples, BUDGET - line_size(listed))
    system, user = prompt_file("munshi.intents", "few_shot.v1.txt" if shown else "zero_shot.v1.txt")
    values = {"labels": listed, "none": quoted(none_word(labels)), "text": quoted(text[:TEXT_CHARS]), "examples": shown}
    return ChatMessage("system", system.substitute(values)), ChatMessage("user", user.substitute(values))


def fitting(ranked: Sequence[str], *, examples: bool = False) -> int:
    """How many of the labels, from the first on, a prompt has room for by their names, with an example each or none."""
    room = BUDGET
    for count, label in enumerate(ranked):
        room -= line_size(_line(label, ""))
        if examples:
            room -= line_size(_line(label, "x" * EXAMPLE_BYTES[-1])) + len('""')
        if room < 0:
            return count
    return len(ranked)


def _listed(labels: Sequence[str], descriptions: Mapping[str, str], room: int) -> str:
    """One line a label, with its description cut so far that there is room for all."""
    listed = ""
    for size in DESCRIPTION_BYTES:
        listed = "\n".join(_line(label, cut(descriptions.get(label, ""), size)) for label in labels)
        if line_size(listed) <= room:
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
        if sum(map(line_size, lines)) <= room:
            break
    ends = accumulate(map(line_size, lines))
    return "\n".join(reversed([line for line, end in zip(lines, ends, strict=True) if end <= room]))


def _grouped(examples: Pairs, size: int, most: int | None) -> list[str]:
    """A line a label, with at most so many of its examples, each cut to so many bytes."""
    groups: dict[str, list[str]] = {}
    for text, label in examples:
        groups.setdefault(label, []).append(quoted(cut(text, size)))
    return [_line(label, ", ".join(texts[:most])) for label, texts in groups.items()]
