"""`munshi explain`: why a message was understood as it was, in words a shop owner can act on."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from munshi.bot.settings import load_settings
from munshi.ui.console import BusinessOption, JsonOption, show_json, show_table, step, telling_faults

if TYPE_CHECKING:
    from munshi.bot.router import Route
    from munshi.intents.base import Prediction
    from munshi.intents.calibration import Thresholds
    from munshi.intents.explain import Explanation, RunnerUp, WordWeight

_ROUTES = {
    "run": "it is dealt with at once",
    "confirm": "the customer is asked to confirm it",
    "clarify": "the customer is asked what is meant",
    "fallback": "other help is offered",
    "handover": "a person is called",
}
_EXAMPLE_CHARS = 60
# Each word is a question more to a language model, where one is asked.
_WITH_MODEL = 12
# A second intent with less than this is not worth a sentence.
_NEAR = 0.01


def explain(
    text: Annotated[str, typer.Argument(help="The message; - reads it from standard input.")],
    business: BusinessOption = None,
    words: Annotated[
        int | None,
        typer.Option(min=1, max=500, help="Weigh at most so many words.", show_default="50; 12 with a language model"),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """See why a message is understood as it is: the words that decide, examples like it, and what came second."""
    from munshi.bot.app import open_app
    from munshi.bot.logs import start_logging
    from munshi.intents.examples import Examples
    from munshi.intents.explain import ExampleLibrary
    from munshi.intents.explain import explain as explained
    from munshi.intents.explain_weights import MAX_WORDS

    message = sys.stdin.read() if text == "-" else text
    with telling_faults():
        settings = load_settings(business=business)
        start_logging(settings.log_level)
        with open_app(settings, progress=step) as app:
            examples = Examples.from_intents(app.business.intents)
            library = ExampleLibrary(examples, app.encoder, prepare=app.training.prepare)
            most = words or (MAX_WORDS if app.training.model is None else _WITH_MODEL)
            found = explained(app.classifier, message, library, most_words=most)
            thresholds = app.router.thresholds
            # The prediction is judged by itself: outside any form, and whatever codes and dates the message holds.
            route = app.router.route(found.prediction, message, ())
    if as_json:
        show_json({**found.to_dict(), "thresholds": _told(found, thresholds), "route": asdict(route)})
    else:
        _show(found, thresholds, route)


def _told(found: Explanation, thresholds: Thresholds) -> dict[str, float | None]:
    """The thresholds that bear on this message: of those for single intents, its own."""
    accept = thresholds.accept.get(found.prediction.intent or "")
    return {"in_scope": thresholds.in_scope, "clarify": thresholds.clarify, "accept": accept}


def _show(found: Explanation, thresholds: Thresholds, route: Route) -> None:
    made = found.prediction
    typer.secho(_headline(made.intent, route.kind), bold=True)
    for line in _sentences(found):
        typer.echo(line)
    if words := _words(found):
        typer.echo("")
        rows = [(w.word, f"{made.confidence - w.weight:.0%}", f"{-w.weight:+.0%}") for w in words]
        show_table(("without the word", "confidence", "change"), rows)
    if found.near:
        typer.echo("")
        near = [(_short(one.text), one.intent, f"{one.similarity:.2f}") for one in found.near]
        show_table(("examples most like it", "intent", "likeness"), near)
    typer.echo("")
    typer.echo(f"confidence {made.confidence:.2f} (the customer is asked below {thresholds.clarify:.2f}), ", nl=False)
    typer.echo(f"in scope {made.in_scope:.2f} (nothing fits below {thresholds.in_scope:.2f})")
    if route.kind == "confirm":
        typer.echo(_asked(made, thresholds.accept.get(made.intent or "")))
    typer.secho("Told from the words alone; an order number, or a form under way, is seen to before them.", dim=True)


def _asked(made: Prediction, accept: float | None) -> str:
    """Why a high-risk intent is confirmed first; no acceptance score is above 1."""
    score = f"acceptance {made.confidence * made.in_scope:.2f}, the two multiplied"
    if accept is None or accept > 1:
        return f"{score}: there are too few examples to say from which score it may run unasked"
    return f"{score}: {accept:.2f} is enough for an order, but not for a question, a 'don't' or a model's word"


def _headline(intent: str | None, route: str) -> str:
    if intent is None:
        return f"No intent fits: {_ROUTES['fallback']}."
    if route == "fallback":
        return f"Nothing fits well enough: {_ROUTES['fallback']}. {intent} came nearest."
    return f"{intent}: {_ROUTES.get(route, route)}."


def _sentences(found: Explanation) -> list[str]:
    made = found.prediction
    lines = [_settled(found)] if found.step else []
    if made.intent is None:
        return lines or ["There is nothing in the message that any intent could be told by."]
    lines.append(_spoken(made.intent, _words(found)) if found.total else "There are no words in it to go by.")
    if found.runner_up:
        lines.append(_second(found.runner_up))
    if found.weighed < found.total:
        lines.append(f"Only the first {found.weighed} of {found.total} different words were looked at.")
    return lines


def _words(found: Explanation) -> list[WordWeight]:
    """The words worth telling of: where an example matched, no word of it speaks against it.

    Without the word the next step judges, and may be a hair surer than a match is taken to be.
    """
    matched = found.step in ("exact", "near")
    return [one for one in found.words if one.weight > 0 or not matched]


def _settled(found: Explanation) -> str:
    """Which step of a cascade settled it, and by which example."""
    same = [one.text for one in found.near if one.intent == found.prediction.intent]
    example = f"the example '{_short(same[0])}'" if same else "an example"
    by_step = {
        "exact": f"It matched {example} exactly.",
        "near": f"It matched {example}, but for manners, word order or a slip.",
        "llm": "What the classifier made of it was in doubt, and the language model had its say.",
    }
    return by_step.get(str(found.step), f"No example says just this; it was judged by {found.step}.")


def _spoken(intent: str, words: Sequence[WordWeight]) -> str:
    told = []
    for verb, chosen in (("for", [w for w in words if w.weight > 0]), ("against", [w for w in words if w.weight < 0])):
        if chosen:
            speaks = "speaks" if len(chosen) == 1 else "speak"
            told.append(f"{_listed([w.word for w in chosen])} {speaks} {verb} {intent}")
    return f"{'; '.join(told)}." if told else f"No word decides alone: without any one of them it is {intent}."


def _second(second: RunnerUp) -> str:
    if second.confidence < _NEAR:
        return "No other intent came near."
    why = f"; {_listed([w.word for w in second.words])} spoke for it" if second.words else ""
    return f"Second came {second.intent} with {second.confidence:.0%}, {second.margin:.0%} behind{why}."


def _listed(words: Sequence[str]) -> str:
    quoted = [f"'{word}'" for word in words]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= _EXAMPLE_CHARS else f"{plain[: _EXAMPLE_CHARS - 1]}…"
