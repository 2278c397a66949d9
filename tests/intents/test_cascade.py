from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from munshi.bot.llm import open_chat_model
from munshi.bot.llm_breaker import Breaker
from munshi.intents.base import IntentError, Prediction
from munshi.intents.calibration import Thresholds
from munshi.intents.cascade import Cascade, load, train
from munshi.intents.cascade_vote import MAX_OPTIONS, Vote, weigh
from munshi.intents.examples import Examples
from munshi.intents.registry import Training, factory
from munshi.knowledge.base import Encoder
from tests.intents.contract import LearnsFromExamples, Train, check
from tests.servers.language_model import Behaviour, LanguageModelServer

THRESHOLDS = Thresholds(in_scope=0.4, clarify=0.6)
EXAMPLES = Examples(
    ("block my card", "pay ravi", "show my balance", "see my statement"), ("block", "pay", "balance", "statement")
)
DOUBTFUL = (("pay", 0.5), ("balance", 0.3), ("statement", 0.2))


@dataclass
class Certain:
    """A classifier that says the same of every text, and of an empty one nothing."""

    made: Prediction
    thresholds: Thresholds = THRESHOLDS
    name: str = "certain"
    seen: list[str] = field(default_factory=list)

    def classify(self, texts: Sequence[str]) -> list[Prediction]:
        self.seen += texts
        return [self.made if text.strip() else Prediction(None, 0.0, 0.0, (), self.name) for text in texts]


def saying(ranked: Sequence[tuple[str, float]], in_scope: float = 0.6) -> Certain:
    return Certain(Prediction(ranked[0][0], ranked[0][1], in_scope, tuple(ranked), "certain"))


def answering(label: str) -> Callable[[str], str]:
    return lambda _prompt: json.dumps({"intent": label})


Cascading = Callable[..., Cascade]


@pytest.fixture
def cascading(language_model_server: LanguageModelServer) -> Cascading:
    """A cascade with a model behind it; its breaker shuts after three failures."""

    def make(base: Certain, *, timeout: float = 5.0) -> Cascade:
        model = open_chat_model(language_model_server.spec("ollama"), breaker=Breaker())
        return Cascade.around(base, EXAMPLES, Training(model=model), model_timeout=timeout)

    return make


@pytest.mark.parametrize("with_encoder", [True, False], ids=["encoder", "no encoder"], scope="class")
class TestCascade(LearnsFromExamples):
    @pytest.fixture(scope="class")
    @classmethod
    def train(cls, with_encoder: bool, encoder: Encoder) -> Train:
        training = Training(encoder if with_encoder else None)
        return lambda examples: factory("cascade")(examples, training)


# -- examples ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def plain() -> Cascade:
    return Cascade.around(saying(DOUBTFUL), EXAMPLES, Training())


@settings(deadline=None, max_examples=100)
@given(
    at=st.integers(0, len(EXAMPLES.texts) - 1),
    gap=st.text(" \t\n", min_size=1, max_size=3),
    marks=st.text('.,!?;:-()" \n', max_size=5),
    case=st.sampled_from([str.upper, str.title, str.swapcase]),
)
def test_an_example_is_found_whatever_its_case_spaces_and_marks(
    plain: Cascade, at: int, gap: str, marks: str, case: Callable[[str], str]
) -> None:
    [made] = plain.classify([marks + gap.join(case(EXAMPLES.texts[at]).split()) + marks])
    assert (made.intent, made.classifier, made.in_scope) == (EXAMPLES.labels[at], "cascade:exact", 1.0)
    assert made.confidence > 0.95


@settings(deadline=None, max_examples=100)
@given(texts=st.lists(st.text(max_size=40), max_size=5))
def test_what_no_example_says_is_left_to_the_classifier(plain: Cascade, texts: list[str]) -> None:
    base = saying(DOUBTFUL)
    made = plain.classify(texts)
    assert made == [replace(each, classifier="cascade:certain") for each in base.classify(texts)]


def test_the_classifier_is_not_asked_what_an_example_says() -> None:
    base = saying(DOUBTFUL)
    made = Cascade.around(base, EXAMPLES, Training()).classify(["Block my card!", "card block my", "something"])
    assert base.seen == ["something"]
    assert [each.classifier for each in made] == ["cascade:exact", "cascade:near", "cascade:certain"]


def test_an_example_is_found_in_its_canonical_form() -> None:
    examples = replace(EXAMPLES, texts=("block now", *EXAMPLES.texts[1:]))
    cascade = Cascade.around(saying(DOUBTFUL), examples, Training(prepare=lambda text: text.replace("kar do", "now")))
    assert cascade.classify(["BLOCK kar do"])[0].intent == "block"


def test_a_text_known_to_fit_nothing_fits_nothing() -> None:
    cascade = Cascade.around(saying(DOUBTFUL), replace(EXAMPLES, out_of_scope=("tell me a joke",)), Training())
    [made] = cascade.classify(["Tell me a joke!"])
    assert (made.intent, made.in_scope, made.classifier) == (None, 0.0, "cascade:exact")


def test_examples_that_contradict_each_other_are_not_matched_nearly() -> None:
    texts = [text for word in range(20) for text in (f"card number {word} block", f"block card number {word}")]
    torn = Examples(tuple(texts), ("a", "b") * 20)
    assert [step.name for step in Cascade.around(saying(DOUBTFUL), torn, Training()).steps()] == ["exact", "certain"]


# -- the language model -----------------------------------------------------------------------------------------------


def test_a_model_settles_a_doubt(cascading: Cascading, language_model_server: LanguageModelServer) -> None:
    language_model_server.answer = answering("balance")
    [made] = cascading(saying(DOUBTFUL)).classify(["what about my money"])
    assert (made.intent, made.classifier) == ("balance", "cascade:llm")
    assert made.confidence >= THRESHOLDS.clarify
    assert made.in_scope > 0.6
    check(made, Certain(made, name="cascade"), EXAMPLES.intents)


def test_a_model_that_finds_nothing_fitting_lowers_the_scope(
    cascading: Cascading, language_model_server: LanguageModelServer
) -> None:
    language_model_server.answer = answering("none")
    [made] = cascading(saying(DOUBTFUL, 0.5)).classify(["sing me a song"])
    assert made.in_scope < THRESHOLDS.in_scope


@pytest.mark.parametrize(
    ("ranked", "in_scope"),
    [
        ([("balance", 0.9), ("pay", 0.1)], 0.9),
        ([("balance", 0.9), ("pay", 0.1)], 0.1),
        ([(f"intent {at}", 0.05) for at in range(10)], 0.9),
    ],
    ids=["clear", "hopeless", "too many to choose from"],
)
def test_a_model_is_not_asked_what_is_in_no_doubt(
    cascading: Cascading,
    language_model_server: LanguageModelServer,
    ranked: list[tuple[str, float]],
    in_scope: float,
) -> None:
    base = saying(ranked, in_scope)
    assert cascading(base).classify(["something"])[0].classifier == "cascade:certain"
    assert language_model_server.requests == []


def test_a_model_chooses_among_the_likeliest_only(
    cascading: Cascading, language_model_server: LanguageModelServer
) -> None:
    language_model_server.answer = answering("label 7")
    ranked = [(f"label {at}", share) for at, share in enumerate((0.3, 0.2, 0.1, 0.1, 0.1, 0.1, 0.05, 0.05))]
    examples = Examples(tuple(f"text {name}" for name, _ in ranked), tuple(name for name, _ in ranked))
    model = open_chat_model(language_model_server.spec("ollama"))
    cascade = Cascade.around(saying(ranked), examples, Training(model=model))
    [made] = cascade.classify(["something"])
    assert (made.intent, made.classifier) == ("label 0", "cascade:certain")
    prompt = language_model_server.requests[0].prompt
    assert [name in prompt for name, _ in ranked] == [at < MAX_OPTIONS for at in range(len(ranked))]


@pytest.mark.parametrize(
    "behaviour", [500, "hang_up", "cut", "empty", "rubbish", "html", "wrong_json", "wrong_label", "error_midway"]
)
def test_a_model_that_talks_rubbish_changes_nothing(
    cascading: Cascading, language_model_server: LanguageModelServer, behaviour: Behaviour
) -> None:
    language_model_server.always = behaviour
    base = saying(DOUBTFUL)
    cascade = cascading(base)
    [made] = cascade.classify(["something"])
    assert made == replace(base.made, classifier="cascade:certain")
    assert cascade.steps()[-1].failures == 1


def test_a_slow_model_is_not_waited_for_and_in_the_end_not_asked(
    cascading: Cascading, language_model_server: LanguageModelServer
) -> None:
    language_model_server.always = "hang"
    base = saying(DOUBTFUL)
    cascade = cascading(base, timeout=0.05)
    made = cascade.classify([f"something {at}" for at in range(8)])
    assert made == [replace(base.made, classifier="cascade:certain")] * 8
    assert cascade.steps()[-1].failures == 8
    assert len(language_model_server.requests) < 8


def test_a_model_whose_server_is_down_changes_nothing(
    cascading: Cascading, language_model_server: LanguageModelServer
) -> None:
    cascade = cascading(saying(DOUBTFUL))
    language_model_server.close()
    assert cascade.classify(["something"])[0].classifier == "cascade:certain"


# -- the vote ---------------------------------------------------------------------------------------------------------

LABELS = ("pay", "balance", "statement", "block", "loan", "branch", "card")


@st.composite
def predictions(draw: st.DrawFn) -> Prediction:
    names = draw(st.permutations(LABELS))[: draw(st.integers(1, len(LABELS)))]
    weights = sorted((draw(st.floats(0, 1)) for _ in names), reverse=True)
    total = sum(weights) + draw(st.floats(0.001, 1))
    ranked = tuple((name, weight / total) for name, weight in zip(names, weights, strict=True))
    return Prediction(ranked[0][0], ranked[0][1], draw(st.floats(0, 1)), ranked, "certain")


@st.composite
def votes(draw: st.DrawFn, made: Prediction) -> Vote:
    options = tuple(name for name, _ in made.ranked[:MAX_OPTIONS])
    said = draw(st.sampled_from([None, *options]))
    sure = draw(st.floats(0, 1))
    return Vote(options, {}, sure) if said is None else Vote(options, {said: sure}, draw(st.floats(0, 1 - sure)))


@settings(deadline=None, max_examples=300)
@given(data=st.data())
def test_any_vote_leaves_a_valid_prediction(data: st.DataObject) -> None:
    made = data.draw(predictions())
    after = weigh(made, data.draw(votes(made)), classifier="cascade:llm")
    check(after, Certain(made, name="cascade"), LABELS)
    assert {name for name, _ in after.ranked} == {name for name, _ in made.ranked}


@given(data=st.data())
def test_a_vote_for_a_label_never_makes_it_less_likely(data: st.DataObject) -> None:
    made = data.draw(predictions())
    label = data.draw(st.sampled_from([name for name, _ in made.ranked[:MAX_OPTIONS]]))
    options = tuple(name for name, _ in made.ranked[:MAX_OPTIONS])
    after = weigh(made, Vote(options, {label: 1.0}, 0.0), classifier="cascade:llm")
    assert dict(after.ranked)[label] * after.in_scope >= dict(made.ranked)[label] * made.in_scope - 1e-5


def test_a_vote_that_says_nothing_changes_nothing() -> None:
    made = saying(DOUBTFUL).made
    even = Vote(tuple(name for name, _ in DOUBTFUL), {}, 0.25)
    after = weigh(made, even, classifier="certain")
    assert after.in_scope == pytest.approx(made.in_scope)
    assert [share for _, share in after.ranked] == pytest.approx([share for _, share in made.ranked])


# -- counting and keeping ---------------------------------------------------------------------------------------------


def test_each_steps_share_is_counted_from_any_thread() -> None:
    cascade = Cascade.around(saying(DOUBTFUL), EXAMPLES, Training())
    texts = ["block my card", "my card block", "something", "else"] * 50
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda text: cascade.classify([text]), texts))
    assert {row.name: row.share for row in cascade.steps()} == {"exact": 0.25, "near": 0.25, "certain": 0.5}
    assert all(row.p50_ms <= row.p95_ms for row in cascade.steps())
    cascade.reset_steps()
    assert {row.share for row in cascade.steps()} == {0.0}


def test_a_kept_cascade_is_the_same_again(encoder: Encoder, shop: Examples, tmp_path: Path) -> None:
    examples = replace(shop, out_of_scope=("tell me a joke",))
    cascade = train(examples, Training(encoder))
    cascade.save(tmp_path / "kept")
    again = load(tmp_path / "kept", Training(encoder))
    texts = ["Where is MY order?", "my order where is", "tell me a joke", "kitne ka hai", "weather"]
    assert again.classify(texts) == cascade.classify(texts)
    assert again.thresholds == cascade.thresholds


@pytest.mark.parametrize("kept", ["", "[]", '{"base": "few_shot"}', '{"base": "oracle", "examples": {}}', "\x00é"])
def test_a_damaged_file_is_told(tmp_path: Path, kept: str) -> None:
    (tmp_path / "cascade.json").write_text(kept, encoding="utf-8")
    with pytest.raises(IntentError, match="train"):
        load(tmp_path, Training())


def test_what_cannot_be_kept_within_is_told(tmp_path: Path) -> None:
    with pytest.raises(IntentError, match="certain"):
        Cascade.around(saying(DOUBTFUL), EXAMPLES, Training()).save(tmp_path)
