"""Settings, read from `MUNSHI_*` environment variables and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from limits import parse
from platformdirs import user_data_path
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "MUNSHI_"
SHORTEST_PASSWORD = 8
SHORTEST_KEY = 16
NO_LIMIT = "none"
"""Said in place of a rate: an empty variable counts as one that is not set, and leaves the default."""


class SettingsError(Exception):
    """A setting has a value it cannot have; the message is one line."""


class Settings(BaseSettings):
    """Every setting, with its default. The README's table is made of these descriptions."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", frozen=True)

    home: Path = Field(
        default_factory=lambda: user_data_path("munshi", appauthor=False),
        description="Folder for everything Munshi keeps: the database, the encoder, the index.",
    )
    business: str = Field("auto-parts", description="The pack: a folder, or the name of a demo pack.")
    host: str = Field("127.0.0.1", description="Address to serve on. Anything but 127.0.0.1 opens it to your network.")
    port: int = Field(7860, ge=1, le=65535, description="Port to serve on.")
    database_url: str = Field("", description="SQLAlchemy URL of the database; empty: a SQLite file under the home.")
    encoder: str = Field(
        "minilm",
        description="`minilm`, `none`, a Hugging Face folder, `ollama:MODEL`, or `openai:MODEL@BASE_URL`.",
    )
    encoder_key: SecretStr = Field(SecretStr(""), description="API key for an `openai:` encoder.")
    vectors: str = Field(
        "",
        description="Where passages' vectors are searched: `qdrant:FOLDER`, `qdrant:http://HOST:6333/COLLECTION`, or"
        " `postgresql+psycopg://…` with pgvector; empty: built in.",
    )
    vectors_key: SecretStr = Field(SecretStr(""), description="API key for a Qdrant server.")
    llm: str = Field(
        "",
        description="Language model: `none`, `ollama:MODEL`, `ollama:MODEL@ADDRESS`, or `openai:MODEL@BASE_URL` for"
        " llama.cpp, vLLM, LM Studio and the like (`completion:MODEL@BASE_URL` for one that only completes text, in"
        " ChatML); empty: what the pack says, which is none at first.",
    )
    llm_key: SecretStr = Field(SecretStr(""), description="API key for the language model's server.")
    llm_timeout: float = Field(30, gt=0, le=600, description="Seconds that one answer of the language model may take.")
    llm_answers: Literal["auto", "always", "never"] = Field(
        "auto",
        description="Whether the language model words answers from the papers: `auto` leaves an FAQ's answer in the"
        " customer's language as the shop wrote it.",
    )
    llm_daily_tokens: int = Field(
        0,
        ge=0,
        description="Tokens the language model may read and write in a day, from midnight to midnight in the business's"
        " time zone; 0: no limit.",
    )
    llm_context: int = Field(
        8192, ge=512, le=10_000_000, description="Tokens that a prompt and its answer may hold together."
    )
    codes: SecretStr = Field(
        SecretStr("console"),
        description="How one-time codes go to customers: `console` (the terminal that Munshi runs in),"
        " `smtp://USER:PASSWORD@HOST:PORT/?from=ADDRESS` (or `smtps:`) by e-mail, or `https://…`, which gets"
        " `{to, text}` as JSON.",
    )
    login_minutes: float = Field(
        15, gt=0, le=1440, description="Minutes that a customer stays identified in a chat after the code."
    )
    audit_folder: Path | None = Field(
        None,
        description="Folder for the audit's key and signed checkpoints, best on another disk; empty: under the home.",
    )
    owner_password: SecretStr = Field(
        SecretStr(""),
        description="Password of the owner's pages (`/papers`), 8 characters at least; empty: they are there on this"
        " computer alone.",
    )
    redis_url: SecretStr = Field(
        SecretStr(""),
        description="`redis://HOST:6379/0`: what several processes share (wake-ups, rate limits, a cache) is kept"
        " there; empty: each keeps its own. Nothing is lost with it.",
    )
    user_rate: str = Field(
        "120/minute", description="Messages that one chat is answered, more are politely declined; `none`: no limit."
    )
    address_rate: str = Field(
        "1200/minute", description="Requests to the chat that one address may send; `none`: no limit."
    )
    settle_seconds: float = Field(
        0.5,
        ge=0,
        le=60,
        description="A message of WhatsApp and the like is answered so many seconds after it came: one that it overtook"
        " on the way is answered before it.",
    )
    worker_threads: int = Field(
        2, ge=1, le=64, description="Messages of WhatsApp and the like that one process answers at the same time."
    )
    sender_threads: int = Field(2, ge=1, le=64, description="Replies that one process sends at the same time.")
    whatsapp_token: SecretStr = Field(SecretStr(""), description="WhatsApp: the access token of Meta's Cloud API.")
    whatsapp_phone_number_id: str = Field(
        "", pattern=r"^\d*$", description="WhatsApp: the id that Meta gives to your number (not the number itself)."
    )
    whatsapp_app_secret: SecretStr = Field(
        SecretStr(""), description="WhatsApp: the app's secret, by which what comes in is known to be Meta's."
    )
    whatsapp_verify_token: SecretStr = Field(
        SecretStr(""), description="WhatsApp: a word of your own that you also give to Meta with the webhook's address."
    )
    whatsapp_api: str = Field(
        "https://graph.facebook.com/v26.0",
        pattern=r"^https?://\S+$",
        description="WhatsApp: where the Cloud API is, with its version.",
    )
    api_key: SecretStr = Field(
        SecretStr(""),
        description="Bearer key of the HTTP channel (`/v1/messages`), 16 characters at least; empty: it is not there.",
    )
    twilio_account_sid: str = Field("", pattern=r"^(AC\w+)?$", description="Twilio: the account's SID.")
    twilio_auth_token: SecretStr = Field(
        SecretStr(""), description="Twilio: the account's auth token, by which what comes in is known to be Twilio's."
    )
    twilio_from: str = Field("", description="Twilio: the number that writes, like `whatsapp:+14155238886`.")
    twilio_url: str = Field(
        "", description="Twilio: the webhook's public address, as it is entered there: `https://…/webhooks/twilio`."
    )
    twilio_api: str = Field(
        "https://api.twilio.com", pattern=r"^https?://\S+$", description="Twilio: where its API is."
    )
    transcribe_url: str = Field(
        "",
        description="Base URL of a server with OpenAI's transcription API, like `http://127.0.0.1:8000/v1`, which makes"
        " words of voice notes; empty: they are politely declined.",
    )
    transcribe_model: str = Field("whisper-1", description="The model that is asked for there.")
    transcribe_key: SecretStr = Field(SecretStr(""), description="API key for it.")
    threads: int = Field(2, ge=1, le=64, description="Processor threads the encoder may use.")
    form_minutes: float = Field(30, gt=0, description="An unfinished form is forgotten after so many minutes.")
    form_tries: int = Field(3, ge=1, le=20, description="Wrong answers to one question before a person is offered.")
    max_message_chars: int = Field(2000, ge=50, le=100_000, description="A longer message is politely declined.")
    log_format: Literal["text", "json"] = Field(
        "text", description="`text`, or `json`: one object a line, with the trace of the message it is about."
    )
    log_level: str = Field(
        "warning", pattern="(?i)^(debug|info|warning|error)$", description="`debug`, `info`, `warning` or `error`."
    )

    @field_validator("owner_password")
    @classmethod
    def _is_long(cls, password: SecretStr) -> SecretStr:
        if 0 < len(password.get_secret_value()) < SHORTEST_PASSWORD:
            raise ValueError(f"a password has {SHORTEST_PASSWORD} characters at least")
        return password

    @field_validator("api_key")
    @classmethod
    def _is_a_key(cls, key: SecretStr) -> SecretStr:
        if 0 < len(key.get_secret_value()) < SHORTEST_KEY:
            raise ValueError(f"a key has {SHORTEST_KEY} characters at least")
        return key

    @field_validator("user_rate", "address_rate")
    @classmethod
    def _is_a_rate(cls, rate: str) -> str:
        if rate.strip().casefold() in ("", NO_LIMIT):
            return ""
        try:
            parse(rate)
        except ValueError:
            raise ValueError(f"write a rate as 60/minute, or {NO_LIMIT}") from None
        return rate

    def business_home(self, key: str) -> Path:
        """Where one business keeps its data."""
        return self.home.expanduser() / "businesses" / key

    def audit_home(self, key: str) -> Path:
        """Where the checkpoints of one business's audit are written."""
        return self.business_home(key) / "audit" if self.audit_folder is None else self.audit_folder.expanduser() / key


def load_settings(**overrides: Any) -> Settings:
    """Read the environment; an override that is None counts as not given. Raises SettingsError, one line."""
    try:
        return Settings(**{key: value for key, value in overrides.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        name = PREFIX + "_".join(str(part) for part in first["loc"]).upper()
        secret = Settings.model_fields[str(first["loc"][0])].annotation is SecretStr
        given = "" if secret else f"={first['input']!r}"
        raise SettingsError(f"{name}{given}: {first['msg']}. See the settings table in the README.") from None
