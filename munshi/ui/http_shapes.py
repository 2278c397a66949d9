"""What goes over the HTTP channel, as JSON: the shapes that its OpenAPI description is made of."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

SessionId = Annotated[
    str, Field(min_length=1, max_length=150, pattern=r"^[A-Za-z0-9_.:-]+$", examples=["visitor-7f3a"])
]


class ApiMessage(BaseModel):
    """One message of a visitor of your site."""

    model_config = ConfigDict(extra="forbid")

    session_id: SessionId = Field(description="Your name for the chat; a new one begins a new chat.")
    text: str = Field(
        max_length=100_000,
        description="What the visitor wrote, or the label of the button they pressed. A login token (`munshi customer"
        " token`) as a text has the chat know its customer.",
        examples=["clutch plate hai kya?"],
    )
    id: str = Field(
        "",
        max_length=500,
        description="Your name for the message. Sent again under the same name, after a lost connection for instance,"
        " it has no second effect and gets the first reply again. Empty: every request is a new message.",
    )
    user_id: str = Field("", max_length=150, description="Your name for the visitor, where you have one.")


class ApiButton(BaseModel):
    """What the visitor can press."""

    label: str


class ApiCitation(BaseModel):
    """Where an answer stands in the business's papers."""

    source: str
    title: str
    page: int | None
    quote: str


class ApiFile(BaseModel):
    """A file that a reply brings along, such as a copy of a bill; let the visitor save it."""

    name: str = Field(examples=["bill-NAS-30001.pdf"])
    title: str = Field(description="What it is, in the visitor's language.", examples=["Copy of the bill"])
    mime_type: str = Field(examples=["application/pdf"])
    size: int = Field(description="In bytes.")
    content: str = Field(
        description="The bytes in base64. A file is kept as long as the chat, and only ever handed out with it.",
        json_schema_extra={"contentEncoding": "base64"},
    )


class ApiLine(BaseModel):
    """One line of a chat."""

    id: int
    role: Literal["customer", "bot", "person"]
    text: str
    at: datetime
    buttons: list[ApiButton]
    citations: list[ApiCitation]
    attachments: list[ApiFile]


class ApiReply(BaseModel):
    """What came of a message. `reply` is null while a person of the business holds the chat: look at the session."""

    session_id: str
    reply: str | None
    buttons: list[ApiButton]
    citations: list[ApiCitation]
    attachments: list[ApiFile]
    held: bool = Field(description="Whether a person of the business has the chat.")
    route: str
    intent: str | None
    confidence: float
    in_scope: float
    handler: str | None
    language: str
    llm: str
    ms: float


class ApiSession(BaseModel):
    """A chat: who has it, and its lines, oldest first."""

    session_id: str
    held: bool
    lines: list[ApiLine]


class ApiFault(BaseModel):
    """What was wrong, in one line."""

    detail: str
