"""What the bot asks: which of several is meant, whether it is meant at all, a slot's value, whether to go ahead."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from munshi.bot.form import Ask
from munshi.bot.pressed import INTENT, NONE_OF_THESE
from munshi.handlers.base import CALL_PERSON, Button, Language, Phrases, Reply, SlotError


@dataclass(frozen=True, slots=True)
class Questions:
    """Replies that wait for an answer. `titles` gives an intent's title in a language."""

    phrases: Phrases
    titles: Callable[[str, str], str]

    def which(self, options: Sequence[str], language: Language) -> Reply:
        """Which of some intents is meant."""
        buttons = [Button(self.titles(name, language), INTENT + name) for name in options]
        buttons.append(Button(self.phrases("clarify_none_button", language), NONE_OF_THESE))
        return Reply(self.phrases("clarify_question", language), tuple(buttons))

    def whether(self, intent: str, language: Language) -> Reply:
        """Whether an intent is meant."""
        question = self.phrases("confirm_intent", language, title=self.titles(intent, language))
        yes = Button(self.phrases("yes_button", language), INTENT + intent)
        no = Button(self.phrases("no_button", language), NONE_OF_THESE)
        return Reply(question, (yes, no))

    def person(self, language: Language) -> Reply:
        """Whether to get a person, since nothing is known."""
        offer = Button(self.phrases("offer_person_button", language), CALL_PERSON)
        return Reply(self.phrases("fallback_unknown", language), (offer,), answered=False)

    def slot(self, asked: Ask, language: Language) -> Reply:
        """A slot's value; and what was wrong with the last one."""
        prompt = asked.slot.prompt.get(language, asked.slot.prompt["en"])
        lead = ""
        if asked.problem is not None:
            lead = self.phrases(asked.problem.key, language, **asked.problem.values)
        elif asked.corrected:
            lead = self.phrases("corrected", language)
        options = asked.form.options or tuple(Button(choice) for choice in asked.slot.choices)
        return Reply(" ".join(filter(None, (lead, prompt))), options)

    def nothing_fits(self, problem: SlotError, language: Language) -> Reply:
        """Why a request cannot be gone on with, and that a person can help."""
        offer = Button(self.phrases("offer_person_button", language), CALL_PERSON)
        return Reply(self.phrases(problem.key, language, **problem.values), (offer,))

    def go_ahead(self, summary: Reply, language: Language, yes_value: str) -> Reply:
        """Whether to do what the summary says; `yes_value` is what pressing the yes stands for."""
        yes = Button(self.phrases("yes_button", language), yes_value)
        no = Button(self.phrases("no_button", language))
        question = self.phrases("confirm_question", language)
        return replace(summary, text=f"{summary.text}\n\n{question}", buttons=(yes, no))

    def change(self, language: Language) -> Reply:
        """What to change in a summary that was declined."""
        cancel = Button(self.phrases("cancel_button", language), "cancel")
        return Reply(self.phrases("declined_question", language), (cancel,))
