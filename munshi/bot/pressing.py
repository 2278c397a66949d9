"""A pressed button that is no word but a command."""

from __future__ import annotations

from dataclasses import dataclass

from munshi.bot.context import Context, Step
from munshi.bot.pressed import DROPPED, INTENT, NONE_OF_THESE
from munshi.bot.router import Route
from munshi.bot.starting import Starting
from munshi.bot.tools import Tools
from munshi.handlers.base import CALL_PERSON, Reply


@dataclass(frozen=True, slots=True)
class Pressing:
    """Makes a step of a command."""

    tools: Tools

    @property
    def _starting(self) -> Starting:
        return Starting(self.tools)

    def press(self, context: Context, clarifying: str) -> Step:
        """Carry out the command; `clarifying` is the message that was asked back about."""
        if context.pressed == CALL_PERSON:
            return self.tools.hand_over(context, clarifying or context.last_said)
        if context.pressed == NONE_OF_THESE:
            return self._starting.from_papers(context, Route("fallback", reason="none of the options"))
        if context.pressed == DROPPED:
            return self._drop(context, clarifying)
        chosen = context.pressed.removeprefix(INTENT)
        if chosen not in self.tools.handlers:
            return self._starting.start(context)
        return self._starting.follow(context, self.tools.router.to_intent(chosen, "chosen"))

    def _drop(self, context: Context, clarifying: str) -> Step:
        """Forget what was to be confirmed, unless the words may mean just that: "band karo" stops a card too."""
        pending = context.state.yes_means.removeprefix(INTENT)
        prediction = context.guess()
        if prediction.intent == pending and self.tools.router.is_clear(prediction):
            return self._starting.confirm(context, Route("confirm", pending, reason="high risk"), clarifying)
        reply = Reply(self.tools.phrases("form_cancelled", context.language))
        return Step(reply, context.state, Route("run", reason="dropped"))
