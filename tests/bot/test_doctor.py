"""What `munshi doctor` says of the language model and of the vector store."""

from __future__ import annotations

from pathlib import Path

import pytest

from munshi.bot.doctor import Finding, examine
from munshi.bot.settings import load_settings
from tests.servers.language_model import PROTOCOLS, LanguageModelServer, Protocol


@pytest.fixture
def model_line(tmp_path: Path):
    def look(llm: str) -> Finding:
        found = examine(load_settings(home=tmp_path, business="auto-parts", encoder="none", llm=llm))
        (line,) = (finding for finding in found if finding.what == "language model")
        return line

    return look


def test_no_language_model_is_in_order(model_line) -> None:
    assert model_line("").state == "ok"


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_one_that_is_there_is_in_order_and_was_asked_for_no_answer(
    model_line, language_model_server: LanguageModelServer, protocol: Protocol
) -> None:
    line = model_line(language_model_server.spec(protocol))
    assert line.state == "ok"
    assert language_model_server.url in line.detail
    assert [request.body for request in language_model_server.requests] == [{}]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_one_that_is_not_there_is_worth_a_note_with_the_remedy(model_line, protocol: Protocol) -> None:
    with LanguageModelServer() as server:
        assert model_line(server.spec(protocol, "other")).state == "note"
    line = model_line(server.spec(protocol))
    assert line.state == "note", "Munshi works without"
    assert server.url in line.detail


def test_one_that_cannot_be_is_a_fault(model_line) -> None:
    line = model_line("bedrock:claude")
    assert line.state == "fault"
    assert "bedrock:claude" in line.detail


def test_a_vector_store_is_looked_into(home: Path, tmp_path: Path) -> None:
    def look(vectors: str, encoder: str = "minilm") -> Finding:
        found = examine(load_settings(home=home, business="auto-parts", encoder=encoder, vectors=vectors))
        (line,) = (finding for finding in found if finding.what == "vectors")
        return line

    assert look("").state == "ok"
    assert look(f"qdrant:{tmp_path / 'vectors'}").state == "ok"
    assert look("qdrant:http://127.0.0.1:1").state == "fault"
    assert look("qdrant:http://127.0.0.1:1", encoder="none").state == "note"


def test_whatsapp_that_is_set_up_in_part_is_told_with_what_is_missing(tmp_path: Path) -> None:
    values = {"whatsapp_token": "x", "whatsapp_phone_number_id": "1", "whatsapp_app_secret": "secret-1"}
    settings = load_settings(home=tmp_path, encoder="none", **values)
    (found,) = [finding for finding in examine(settings) if finding.what == "WhatsApp"]
    assert (found.state, "MUNSHI_WHATSAPP_VERIFY_TOKEN" in found.detail) == ("fault", True)
    whole = load_settings(home=tmp_path, encoder="none", whatsapp_verify_token="word", **values)
    (found,) = [finding for finding in examine(whole) if finding.what == "WhatsApp"]
    assert found.state == "ok"
    assert "secret-1" not in found.detail
