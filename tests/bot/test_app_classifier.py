"""The classifier that an app opens with: the pack's word, the promoted model, and what happens where they disagree."""

from __future__ import annotations

import socket
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest

from munshi.bot.app import App, open_app
from munshi.bot.business import BusinessError, check_business, load_business
from munshi.bot.language import detect_language
from munshi.bot.opening import open_school
from munshi.bot.scaffold import create_pack
from munshi.bot.settings import Settings, load_settings
from munshi.intents.examples import Examples
from munshi.intents.models import Version
from munshi.intents.models_train import Lesson, train_into


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    folder = create_pack(tmp_path / "stationer")
    edit(folder, "business.yaml", "classifier: cascade", "classifier: few_shot")
    return folder


@pytest.fixture
def settings(tmp_path: Path, pack: Path) -> Settings:
    return load_settings(home=tmp_path / "home", business=str(pack), encoder="none")


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def opened(settings: Settings, told: list[str]):
    def open_it() -> AbstractContextManager[App]:
        return open_app(settings, progress=told.append)

    return open_it


@pytest.fixture
def promoted(settings: Settings):
    """Train on the pack's examples, or on those given, and promote without asking."""

    def make(examples: Examples | None = None) -> Version:
        with open_school(settings) as school:
            known = examples or Examples.from_intents(school.business.intents)
            lesson = Lesson("few_shot", known, school.training, detect_language, folds=1, business=school.business.key)
            version = train_into(school.models, lesson)
            school.models.promote(version.manifest.version)
        return version

    return make


def edit(pack: Path, name: str, old: str, new: str) -> None:
    path = pack / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def without_intent(pack: Path, name: str) -> Examples:
    intents = [intent for intent in load_business(pack).intents if intent.name != name]
    return Examples.from_intents(intents)


def test_a_pack_without_the_key_gets_a_cascade_round_what_its_examples_teach(opened, pack: Path) -> None:
    edit(pack, "business.yaml", "classifier: few_shot\n", "")
    with opened() as app:
        assert app.classifier.name == "cascade"
        assert app.training.model is None
        assert app.training.false_accept == 0.01


@pytest.mark.parametrize(
    ("line", "named"), [("classifier: few_shots", "few_shot"), ("classifier: 7", "few_shot"), ("classifier: ''", "")]
)
def test_a_classifier_that_is_none_is_told_with_file_and_line(pack: Path, line: str, named: str) -> None:
    edit(pack, "business.yaml", "classifier: few_shot", line)
    (fault,) = [fault for fault in check_business(pack) if fault.severity == "error"]
    lines = (pack / "business.yaml").read_text(encoding="utf-8").splitlines()
    assert (fault.file, lines[(fault.line or 0) - 1]) == ("business.yaml", line)
    assert named in fault.remedy
    with pytest.raises(BusinessError):
        load_business(pack)


@pytest.mark.parametrize(("share", "sound"), [("0.05", True), ("0", False), ("0.9", False), ("much", False)])
def test_the_false_accept_share_is_checked_and_reaches_the_training(opened, pack: Path, share, sound: bool) -> None:
    edit(pack, "business.yaml", "thresholds: {}", f"thresholds: {{false_accept: {share}}}")
    errors = [fault for fault in check_business(pack) if fault.severity == "error"]
    assert (not errors) == sound
    if sound:
        with opened() as app:
            assert app.training.false_accept == float(share)


def test_a_promoted_model_answers_and_is_not_mentioned_where_all_fits(opened, promoted, told: list[str], pack) -> None:
    promoted()
    with opened() as app:
        assert app.classifier.classify(["where is my order"])[0].intent == "order_status"
    assert not [line for line in told if "promoted" in line or "Learning" in line]


def test_a_model_of_other_examples_is_used_and_said_to_be(opened, promoted, told: list[str], pack: Path) -> None:
    version = promoted()
    intents = Examples.from_intents(load_business(pack).intents)
    edit(pack, "intents.yaml", intents.texts[0], f"{intents.texts[0]} please")
    with opened():
        pass
    assert [line for line in told if version.manifest.version in line and "other examples" in line]


def test_a_model_that_lacks_an_intent_is_used_and_the_intent_named(opened, promoted, told, pack: Path) -> None:
    promoted(without_intent(pack, "order_status"))
    with opened() as app:
        assert app.classifier.classify(["where is my order"])[0].intent != "order_status"
    assert [line for line in told if "order_status" in line]


def test_a_model_that_knows_too_much_is_not_used_and_that_is_said(opened, promoted, told, pack: Path) -> None:
    known = Examples.from_intents(load_business(pack).intents)
    odd = replace(known, labels=tuple("gone" if name == "order_status" else name for name in known.labels))
    promoted(odd)
    with opened() as app:
        assert app.classifier.classify(["where is my order"])[0].intent == "order_status"
    assert [line for line in told if "gone" in line and "not used" in line]


@pytest.mark.parametrize("name", ["model.json", "weights/few_shot.safetensors", "."])
def test_a_damaged_or_missing_model_is_not_used_and_that_is_said(opened, promoted, told, name: str) -> None:
    version = promoted()
    if name == ".":
        version.folder.rename(version.folder.with_name("elsewhere"))
    else:
        (version.folder / name).write_text("junk", encoding="utf-8")
    with opened() as app:
        assert app.classifier.classify(["where is my order"])[0].intent == "order_status"
    assert [line for line in told if "not used" in line]


def test_a_cascade_stands_round_the_promoted_model(opened, promoted, pack: Path) -> None:
    edit(pack, "business.yaml", "classifier: few_shot", "classifier: cascade")
    promoted(without_intent(pack, "order_status"))
    with opened() as app:
        assert app.classifier.name == "cascade"
        (made,) = app.classifier.classify(["kindly tell me whereabouts of the parcel"])
        assert made.classifier == "cascade:few_shot"
        assert "order_status" not in dict(made.ranked)


def test_a_cascade_stands_round_the_packs_own_fit(opened, pack: Path) -> None:
    edit(pack, "business.yaml", "classifier: few_shot", "classifier: cascade")
    example = Examples.from_intents(load_business(pack).intents)
    with opened() as app:
        (made,) = app.classifier.classify([example.texts[0]])
        assert made.intent == example.labels[0]
        assert made.classifier.startswith("cascade:")


def test_a_pack_that_names_another_classifier_has_its_way(opened, promoted, told, pack: Path) -> None:
    version = promoted()
    edit(pack, "business.yaml", "classifier: few_shot", "classifier: fine_tuned")
    with opened() as app:
        assert app.classifier.name == "few_shot"
    assert [line for line in told if version.manifest.version in line and "not used" in line]
    assert [line for line in told if "munshi train intents --classifier fine_tuned" in line]


def test_a_model_server_that_is_down_keeps_nothing_from_starting(opened, pack: Path, monkeypatch) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    edit(pack, "business.yaml", "llm: none", f"llm: openai:none@http://127.0.0.1:{port}/v1")
    edit(pack, "business.yaml", "classifier: few_shot", "classifier: cascade")
    with opened() as app:
        assert app.training.model is not None
        without_server = len(app.notes())
        assert app.respond("where is my order", session_id="s").reply is not None
    edit(pack, "business.yaml", f"llm: openai:none@http://127.0.0.1:{port}/v1", "llm: none")
    with opened() as app:
        assert len(app.notes()) == without_server + 1
