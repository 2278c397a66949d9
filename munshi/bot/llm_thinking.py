"""A reasoning model's thoughts, told apart from its answer."""

from __future__ import annotations

from munshi.knowledge.base import ChatModelError

OPEN, CLOSE = "<think>", "</think>"


def answer_start(text: str) -> int:
    """Where the answer starts in a whole text: behind the last thought, if there is one.

    The opening mark may be missing, since some templates put it into the prompt. Raises ChatModelError where a thought
    never ends: the tokens ran out before the answer.
    """
    end = text.rfind(CLOSE)
    if end < 0:
        if text.lstrip().startswith(OPEN):
            raise ChatModelError("the language model thought until its tokens ran out; choose one that does not reason")
        return 0
    end += len(CLOSE)
    return end + len(text[end:]) - len(text[end:].lstrip())


class ThoughtFilter:
    """The same for a text that comes piece by piece: thoughts are held back, the answer is let through."""

    def __init__(self) -> None:
        self._held: str | None = ""
        self._tail = ""

    def feed(self, piece: str) -> str:
        """What of the answer may be shown now.

        Raises ChatModelError where a thought turns out to have begun without its mark: it was taken for the answer.
        """
        if self._held is None:
            return self._watched(piece)
        self._held += piece
        if _may_be_thought(self._held) and CLOSE not in self._held:
            return ""
        answer = self._held[answer_start(self._held) :]
        if not answer.strip():
            return ""
        self._held = None
        return self._watched(answer)

    def finish(self) -> str:
        """What was held back and is an answer after all. Raises ChatModelError where it is a thought without end."""
        held, self._held = self._held or "", None
        return held[answer_start(held) :]

    def _watched(self, piece: str) -> str:
        seen = self._tail + piece
        if CLOSE in seen:
            raise ChatModelError("the language model sent its thoughts as its answer; turn its reasoning off")
        self._tail = seen[-len(CLOSE) :]
        return piece


def _may_be_thought(text: str) -> bool:
    return OPEN.startswith(text.lstrip()[: len(OPEN)])
