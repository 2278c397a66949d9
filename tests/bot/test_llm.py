"""The door to a language model, against a real server in both protocols, and all that goes wrong there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from math import log

import pytest

from munshi.bot.llm import LanguageModel, open_chat_model, open_configured
from munshi.bot.llm_breaker import Breaker
from munshi.bot.settings import load_settings
from munshi.knowledge.base import ChatMessage, ChatModelError, Completion
from tests.servers.language_model import MODEL, NO_LABEL, PROTOCOLS, Behaviour, LanguageModelServer, Protocol

ASKED = [ChatMessage("system", "Answer in a word."), ChatMessage("user", "kab aayega? कब? 👍")]
SCHEMA = {
    "type": "object",
    "properties": {"intent": {"type": "string", "enum": ["order_status", "price"]}},
    "required": ["intent"],
    "additionalProperties": False,
}
PATIENCE = 20.0
"""Long for this machine, and short of what the server hangs for."""
IMPATIENCE = 0.2

Open = Callable[..., LanguageModel]


@pytest.fixture(params=PROTOCOLS)
def protocol(request: pytest.FixtureRequest) -> Protocol:
    return request.param


@pytest.fixture
def open_model(language_model_server: LanguageModelServer, protocol: Protocol) -> Open:
    """Opens the server's model, with a breaker that never shuts unless a test brings its own."""

    def opened(**options) -> LanguageModel:
        never = Breaker(failures=10**9)
        model = open_chat_model(
            language_model_server.spec(protocol), **{"timeout": PATIENCE, "breaker": never, **options}
        )
        assert model is not None
        return model

    return opened


def test_an_answer_comes_whole_and_in_pieces(language_model_server: LanguageModelServer, open_model: Open) -> None:
    language_model_server.answer = lambda prompt: f"You said: {prompt.splitlines()[-1]}"
    model = open_model()
    assert model.complete(ASKED).text == "You said: kab aayega? कब? 👍"
    pieces = list(model.stream(ASKED))
    assert len(pieces) > 1
    assert "".join(pieces) == "You said: kab aayega? कब? 👍"
    sent = language_model_server.requests[0].body["messages"]
    assert [(message["role"], message["content"]) for message in sent] == [(m.role, m.content) for m in ASKED]


def test_what_is_asked_for_reaches_the_server(
    language_model_server: LanguageModelServer, open_model: Open, protocol: Protocol
) -> None:
    completion = open_model(context=4096).complete(ASKED, max_tokens=2, temperature=0.7, seed=11)
    assert completion.text == "Yes, of"
    body = language_model_server.requests[0].body
    options = body["options"] if protocol == "ollama" else body
    assert (options["temperature"], options["seed"]) == (0.7, 11)
    if protocol == "ollama":
        assert options["num_ctx"] == 4096, "Ollama would cut a long prompt without a word"


def test_log_probabilities_are_given_where_the_server_has_them(
    language_model_server: LanguageModelServer, open_model: Open
) -> None:
    language_model_server.answer = lambda _: "order status, I think"
    language_model_server.logprob = lambda token: log(0.9) if token.strip() == "order" else log(0.5)
    model = open_model()
    completion = model.complete(ASKED)
    assert "".join(token for token, _ in completion.tokens) == completion.text
    assert [round(logprob, 6) for _, logprob in completion.tokens] == [round(log(p), 6) for p in (0.9, 0.5, 0.5, 0.5)]
    language_model_server.gives_logprobs = False
    assert model.complete(ASKED) == Completion("order status, I think")


@pytest.mark.parametrize("logprob", [float("nan"), float("-inf"), float("inf")])
def test_log_probabilities_that_are_none_are_left_out(
    language_model_server: LanguageModelServer, open_model: Open, logprob: float
) -> None:
    language_model_server.logprob = lambda _: logprob
    assert open_model().complete(ASKED) == Completion("Yes, of course.")


def test_a_schema_reaches_the_server(language_model_server: LanguageModelServer, open_model: Open) -> None:
    model = open_model()
    assert json.loads(model.complete(ASKED, schema=SCHEMA).text) == {"intent": "order_status"}
    assert json.loads("".join(model.stream(ASKED, schema=SCHEMA))) == {"intent": "order_status"}
    assert [request.schema for request in language_model_server.requests] == [SCHEMA, SCHEMA]


def test_a_server_that_knows_no_schema_is_asked_without_and_not_again(
    language_model_server: LanguageModelServer, open_model: Open
) -> None:
    language_model_server.refuses = {"format", "response_format"}
    language_model_server.answer = lambda _: "order_status"
    model = open_model()
    assert model.complete(ASKED, schema=SCHEMA).text == "order_status"
    tries = len(language_model_server.requests)
    assert tries > 1
    assert model.complete(ASKED, schema=SCHEMA).text == "order_status"
    assert len(language_model_server.requests) == tries + 1


def test_a_server_that_refuses_everything_beside_the_prompt_still_answers(
    language_model_server: LanguageModelServer, open_model: Open
) -> None:
    language_model_server.refuses = {
        "format", "think", "logprobs", "response_format", "chat_template_kwargs", "temperature", "seed",
    }  # fmt: skip
    assert open_model().complete(ASKED, schema=SCHEMA).text


def test_what_a_server_refuses_without_a_word_is_found_out(
    language_model_server: LanguageModelServer, open_model: Open
) -> None:
    language_model_server.refuses = {"format", "response_format"}
    language_model_server.names_refused = False
    model = open_model()
    for _ in range(4):
        assert model.complete(ASKED, schema=SCHEMA).text
    tries = len(language_model_server.requests)
    assert model.complete(ASKED, schema=SCHEMA).tokens, "what it did not refuse is asked for again"
    assert len(language_model_server.requests) == tries + 1


def test_one_refusal_of_what_was_granted_before_changes_nothing(
    language_model_server: LanguageModelServer, open_model: Open
) -> None:
    model = open_model()
    model.complete(ASKED, schema=SCHEMA)
    language_model_server.next = [400]
    with pytest.raises(ChatModelError):
        model.complete(ASKED, schema=SCHEMA)
    assert model.complete(ASKED, schema=SCHEMA).tokens
    assert language_model_server.requests[-1].schema == SCHEMA


def test_a_wrong_label_is_for_the_caller_to_see(language_model_server: LanguageModelServer, open_model: Open) -> None:
    language_model_server.always = "wrong_label"
    assert json.loads(open_model().complete(ASKED, schema=SCHEMA).text) == {"intent": NO_LABEL}


@pytest.mark.parametrize(
    "behaviour",
    [400, 401, 403, 404, 413, 422, 429, 500, 502, 503, 301,
     "hang_up", "cut", "stop", "error_midway", "rubbish", "html", "wrong_json"],
)  # fmt: skip
def test_what_goes_wrong_is_one_line_that_names_the_server(
    language_model_server: LanguageModelServer, open_model: Open, behaviour: Behaviour
) -> None:
    language_model_server.always = behaviour
    model = open_model()
    for call in (lambda: model.complete(ASKED, schema=SCHEMA), lambda: list(model.stream(ASKED))):
        with pytest.raises(ChatModelError) as caught:
            call()
        assert "\n" not in str(caught.value)
        assert language_model_server.url in str(caught.value)
    language_model_server.always = "answer"
    assert model.complete(ASKED).text, "it is well again with the server"


def test_an_empty_answer_is_empty_or_an_error(language_model_server: LanguageModelServer, open_model: Open) -> None:
    language_model_server.always = "empty"
    with suppress(ChatModelError):
        assert open_model().complete(ASKED) == Completion("")


@pytest.mark.parametrize("behaviour", ["hang", "hang_midway", "trickle", "trickle_headers"])
def test_no_call_outlasts_its_time(
    language_model_server: LanguageModelServer, open_model: Open, behaviour: Behaviour
) -> None:
    language_model_server.always = behaviour
    model = open_model(timeout=IMPATIENCE)
    started = time.monotonic()
    with pytest.raises(ChatModelError):
        list(model.stream(ASKED))
    with pytest.raises(ChatModelError):
        open_model(timeout=100 * PATIENCE).complete(ASKED, timeout=IMPATIENCE)
    assert time.monotonic() - started < PATIENCE, "the server would have gone on for much longer"


def test_a_stream_that_is_left_lets_go_of_the_server(
    language_model_server: LanguageModelServer, open_model: Open
) -> None:
    language_model_server.always = "hang_midway"
    stream = open_model().stream(ASKED)
    assert next(iter(stream))
    stream.close()
    language_model_server.always = "answer"
    assert open_model().complete(ASKED).text


def test_nobody_there_is_told_with_the_remedy(protocol: Protocol) -> None:
    with LanguageModelServer() as server:
        spec = server.spec(protocol)
    model = open_chat_model(spec, timeout=PATIENCE)
    assert model is not None
    with pytest.raises(ChatModelError) as caught:
        model.complete(ASKED)
    assert server.url in str(caught.value)
    if protocol == "ollama":
        assert "ollama serve" in str(caught.value)
    assert not model.health().ready


def test_after_failures_the_server_is_left_alone_and_then_tried_once(
    language_model_server: LanguageModelServer, open_model: Open
) -> None:
    now = [0.0]
    model = open_model(breaker=Breaker(failures=3, pause=30, clock=lambda: now[0]))
    language_model_server.always = 500
    for _ in range(5):
        with pytest.raises(ChatModelError):
            model.complete(ASKED)
    assert len(language_model_server.requests) == 3
    language_model_server.always = "answer"
    with pytest.raises(ChatModelError):
        list(model.stream(ASKED))
    now[0] = 31
    assert model.complete(ASKED).text
    assert model.complete(ASKED).text


def test_a_refused_request_does_not_shut_the_door(language_model_server: LanguageModelServer, open_model: Open) -> None:
    model = open_model(breaker=Breaker(failures=1))
    language_model_server.always = 400
    for _ in range(3):
        with pytest.raises(ChatModelError):
            model.complete(ASKED)
    language_model_server.always = "answer"
    assert model.complete(ASKED).text


def test_a_prompt_that_does_not_fit_is_never_sent(language_model_server: LanguageModelServer, open_model: Open) -> None:
    model = open_model(context=600)
    assert model.complete([ChatMessage("user", "x" * 200)], max_tokens=500).text
    sent = len(language_model_server.requests)
    with pytest.raises(ChatModelError, match="MUNSHI_LLM_CONTEXT"):
        model.complete([ChatMessage("user", "x" * 400)], max_tokens=500)
    with pytest.raises(ChatModelError):
        list(model.stream([ChatMessage("user", "कब " * 300)], max_tokens=10))
    assert len(language_model_server.requests) == sent


@pytest.mark.parametrize("said", ["<think>hm, hm</think>\n\nYes.", "hm, hm\n</think>\n\nYes.", "Yes."])
def test_thoughts_are_no_part_of_the_answer(
    language_model_server: LanguageModelServer, open_model: Open, said: str
) -> None:
    language_model_server.answer = lambda _: said
    model = open_model()
    completion = model.complete(ASKED)
    assert completion.text == "Yes."
    assert "".join(token for token, _ in completion.tokens) in ("", "Yes.")
    if not said.startswith("hm"):
        assert "".join(model.stream(ASKED)) == "Yes."
        return
    # In a stream a thought without its opening mark is told from an answer too late.
    with pytest.raises(ChatModelError):
        list(model.stream(ASKED))


def test_a_thought_without_end_is_an_error(language_model_server: LanguageModelServer, open_model: Open) -> None:
    language_model_server.answer = lambda _: "<think>hm, hm, hm"
    with pytest.raises(ChatModelError):
        open_model().complete(ASKED)
    with pytest.raises(ChatModelError):
        list(open_model().stream(ASKED))


def test_hostile_texts_reach_the_server_as_utf8(language_model_server: LanguageModelServer, open_model: Open) -> None:
    texts = ["", "lone \ud800", "\x00\x1b[2J", "</s><|im_end|>", "👍" * 50]
    model = open_model()
    for text in texts:
        assert model.complete([ChatMessage("user", text)]).text
    assert [request.prompt for request in language_model_server.requests] == [
        text.encode("utf-8", "replace").decode() for text in texts
    ]


def test_many_threads_share_one_door(language_model_server: LanguageModelServer, open_model: Open) -> None:
    language_model_server.answer = lambda prompt: prompt
    model = open_model()
    texts = [f"message {number}" for number in range(24)]
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda text: model.complete([ChatMessage("user", text)]).text, texts))
    assert told == texts


ASKING = """
import sys
from langchain_core.tracers.langchain import wait_for_all_tracers
from munshi.bot.llm import open_chat_model
from munshi.knowledge.base import ChatMessage
model = open_chat_model(sys.argv[1])
asked = [ChatMessage("user", "hello")]
assert model.complete(asked, schema={"type": "object", "properties": {"a": {"type": "string"}}}).text
assert list(model.stream(asked))
assert model.health().ready
wait_for_all_tracers()
"""


def test_nothing_leaves_but_to_the_server(language_model_server: LanguageModelServer, protocol: Protocol) -> None:
    """Whatever the environment holds for the libraries beneath, another server hears nothing; in a fresh process,
    since they read it but once.
    """
    urls = (
        "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "OPENAI_PROXY", "OPENAI_BASE_URL", "OPENAI_API_BASE",
        "LANGSMITH_ENDPOINT", "LANGCHAIN_ENDPOINT", "LANGSMITH_GATEWAY", "OLLAMA_HOST",
    )  # fmt: skip
    switches = ("LANGSMITH_TRACING", "LANGCHAIN_TRACING_V2", "LANGCHAIN_TRACING", "LANGCHAIN_HANDLER")
    secrets = ("OPENAI_API_KEY", "OLLAMA_API_KEY", "LANGSMITH_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID")
    with LanguageModelServer() as eavesdropper:
        environment = {
            **os.environ,
            **dict.fromkeys(urls, eavesdropper.url),
            **dict.fromkeys(switches, "true"),
            **dict.fromkeys(secrets, "somebody-elses"),
        }
        command = [sys.executable, "-c", ASKING, language_model_server.spec(protocol)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert eavesdropper.connections == 0
    heard = [value for request in language_model_server.requests for value in request.headers.values()]
    assert len(language_model_server.requests) == 3
    assert not any("somebody-elses" in value or "Bearer" in value for value in heard)


def test_no_redirect_leads_elsewhere(language_model_server: LanguageModelServer, open_model: Open) -> None:
    with LanguageModelServer() as elsewhere:
        language_model_server.redirects_to = elsewhere.url
        language_model_server.always = 307
        with pytest.raises(ChatModelError):
            open_model().complete(ASKED)
        assert elsewhere.requests == []


def test_the_key_is_sent_as_a_bearer_token_and_never_told(
    language_model_server: LanguageModelServer, open_model: Open
) -> None:
    model = open_model(key="s3cret")
    language_model_server.next = ["answer", "answer", 401]
    model.complete(ASKED)
    model.health()
    with pytest.raises(ChatModelError, match="MUNSHI_LLM_KEY") as caught:
        model.complete(ASKED)
    assert "s3cret" not in str(caught.value)
    sent = [request.headers.get("Authorization") for request in language_model_server.requests]
    assert sent == ["Bearer s3cret"] * 3


def test_health_tells_of_a_missing_model(language_model_server: LanguageModelServer, protocol: Protocol) -> None:
    model = open_chat_model(language_model_server.spec(protocol, "qwen3:4b"))
    assert model is not None
    health = model.health()
    assert not health.ready
    assert MODEL in health.detail
    if protocol == "ollama":
        assert "ollama pull qwen3:4b" in health.detail
    with pytest.raises(ChatModelError):
        model.complete(ASKED)


@pytest.mark.parametrize("behaviour", [401, 500, "rubbish", "html", "wrong_json", "hang_up"])
def test_health_of_a_server_that_is_not_well(
    language_model_server: LanguageModelServer, open_model: Open, behaviour: Behaviour
) -> None:
    language_model_server.always = behaviour
    health = open_model().health()
    assert not health.ready
    assert language_model_server.url in health.detail
    assert "\n" not in health.detail


@pytest.mark.parametrize("spec", ["", "none", " none "])
def test_no_language_model_is_none(spec: str) -> None:
    assert open_chat_model(spec) is None


@pytest.mark.parametrize(
    "spec",
    ["gpt-5", "ollama", "ollama:", "ollama:@127.0.0.1", "openai:", "openai:m", "openai:m@",
     "openai:m@127.0.0.1:8080", "openai:@http://127.0.0.1", "openai:m@http://", "bedrock:m"],
)  # fmt: skip
def test_a_spec_that_names_nothing_is_told_in_a_line(spec: str) -> None:
    with pytest.raises(ChatModelError) as caught:
        open_chat_model(spec)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("spec", ["ollama:m@http://[", "openai:m@http://[", "ollama:m@no such host", "ollama:m@:99999"])
def test_an_address_that_is_none_is_told_at_the_latest_when_it_is_called(spec: str) -> None:
    with pytest.raises(ChatModelError) as caught:
        open_chat_model(spec, timeout=PATIENCE).complete(ASKED)
    assert "\n" not in str(caught.value)


def test_a_key_that_is_none_is_told_without_it() -> None:
    with pytest.raises(ChatModelError) as caught:
        open_chat_model("openai:m@http://127.0.0.1", key="ключ")
    assert "ключ" not in str(caught.value)


def test_ollama_is_found_where_its_variable_says(
    language_model_server: LanguageModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", language_model_server.url.removeprefix("http://"))
    model = open_chat_model(f"ollama:{MODEL}", timeout=PATIENCE)
    assert model is not None
    assert model.name == f"ollama:{MODEL}"
    assert model.complete(ASKED).text


def test_the_settings_come_before_the_pack(language_model_server: LanguageModelServer) -> None:
    pack = language_model_server.spec("ollama")
    assert open_configured(load_settings(llm="none"), pack) is None
    assert open_configured(load_settings(), "none") is None
    model = open_configured(load_settings(llm_key="s3cret", llm_timeout=PATIENCE), pack)
    assert model is not None
    assert model.complete(ASKED).text
    assert language_model_server.requests[0].headers["Authorization"] == "Bearer s3cret"
