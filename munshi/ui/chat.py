"""The chat window: what a customer sees of a shop, built of Gradio's parts.

The window keeps nothing of its own. What it shows is the chat's transcript as the store has it, for the chat that the
browser's cookie names, so a reload, a second tab or a restart of the server shows the same.
"""

from __future__ import annotations

import asyncio
import logging
import math
import re
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import Any, Literal

import gradio as gr
from fastapi.concurrency import run_in_threadpool
from gradio.components.chatbot import MessageDict, OptionDict

from munshi.bot.app import App
from munshi.bot.bell import chat_bell
from munshi.bot.privacy import mask
from munshi.bot.state import from_json
from munshi.bot.transcript_rows import Line
from munshi.bot.wording import DEFAULT_LANGUAGE, Phrasebook, ShownButton, render
from munshi.handlers.base import Language, Reply
from munshi.handlers.opening import opens_in_words, state
from munshi.handlers.when import clock
from munshi.ui.guards import session_of
from munshi.ui.listening import Listening
from munshi.ui.markup import download, footnotes, masthead, said, said_by_person, sources, typing
from munshi.ui.news import News

MAX_CHARS = 8_000
"""What the message box takes at most, in characters. The assistant's own limit is lower, and it says so politely."""

CONCURRENT = 32
"""How many customers are served at once by each kind of event; more wait, up to `QUEUED` of them."""
QUEUED = 512
PAGES = 128
"""Open pages whose state Gradio keeps; one more and the longest idle is forgotten, which costs it a redrawing."""

TICK_SECONDS = 0.5
"""How long a page waits before it asks again whether there is news; the question itself waits for it."""
LOOK_SECONDS = 15.0
"""A page whose bell did not ring looks all the same after so long: at an erased chat, or after a missed ring."""

GROWTH_STEPS = 20
STEP_SECONDS = 0.025

SORRY = "Sorry, something went wrong on our side and your message was not answered. Please send it again in a moment."
NO_COOKIE = "To chat here, please allow cookies for this page, then load it again. They only keep your chat apart."

_CUSTOMER = "You"
_NATIVE: dict[Language, str] = {"en": "English", "hi": "हिन्दी", "hinglish": "Hinglish"}
_FONTS = ("system-ui", "Segoe UI", "Roboto", "Noto Sans", "Noto Sans Devanagari", "sans-serif")

logger = logging.getLogger(__name__)

View = tuple[Any, Any, Any]
"""What an event changes: the log, the line under the box, and the id of the last line shown; or `gr.skip()`."""


def theme() -> gr.themes.Base:
    """Calm colours, and fonts that are on the customer's device: none is fetched."""
    return gr.themes.Base(primary_hue="teal", neutral_hue="slate", font=_FONTS, font_mono=("ui-monospace", "monospace"))


def build_chat(app: App, news: News) -> gr.Blocks:
    """The window of one business, to be mounted in a server."""
    profile, chat = app.business.profile, Chat(app, news)
    # Telemetry is Gradio's default; so is a look at its own site for a newer version.
    window = gr.Blocks(title=profile.name, analytics_enabled=False, fill_height=True, fill_width=True)
    with window:
        head = gr.Markdown(chat.head(), elem_id="head", container=False)
        log = _log(chat.bubbles([]), profile.name)
        box = _box()
        foot = gr.Markdown(chat.foot([]), elem_id="foot", container=False)
        shown, heard = gr.State(0), gr.State(0)
        again = gr.Button("Show the chat", elem_id="again")  # pressed by the page's script once a file was sent
        view = [log, foot, shown]
        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        window.load(chat.head, None, head, **quiet)
        window.load(chat.open, None, view, **quiet)
        again.click(chat.open, None, view, **quiet)
        box.submit(chat.send, box, [box, *view], **quiet)
        log.option_select(chat.press, None, view, **quiet)
        # Each open page waits in it: none must wait for another to be done.
        gr.Timer(TICK_SECONDS).tick(chat.poll, [shown, heard], [*view, heard], concurrency_limit=None, **quiet)
    window.state_session_capacity = PAGES  # Gradio would keep ten thousand, 80 kB each
    window.queue(default_concurrency_limit=CONCURRENT, max_size=QUEUED, api_open=False)
    return window


def _log(bubbles: Iterable[MessageDict], name: str) -> gr.Chatbot:
    return gr.Chatbot(
        list(bubbles),
        elem_id="log",
        label=f"Chat with {name}",
        show_label=False,
        container=False,
        height=None,
        scale=1,
        buttons=[],
        feedback_options=None,
        group_consecutive_messages=False,
        latex_delimiters=[],
        allow_tags=False,
        allow_file_downloads=False,
    )


def _box() -> gr.Textbox:
    return gr.Textbox(
        elem_id="box",
        label="Your message",
        show_label=False,
        container=False,
        placeholder="Write your message",
        max_length=MAX_CHARS,
        max_lines=5,
        submit_btn="Send",
        autofocus=True,
        html_attributes=gr.InputHTMLAttributes(enterkeyhint="send", autocomplete="off"),
    )


class Chat:
    """What happens in the window: one method for each thing a customer can do in it."""

    def __init__(self, app: App, news: News) -> None:
        self._app = app
        self._news = news
        self._profile = app.business.profile
        self._phrases = Phrasebook(app.business.phrases)

    def head(self) -> str:
        """Whose shop this is, and whether it is open now."""
        profile = self._profile
        return masthead(profile.name, profile.description, self._opening())

    def foot(self, lines: Sequence[Line]) -> str:
        """How the chat is answered: by a person while one is in it, else as the app says."""
        if _with_person(lines):
            return footnotes([f"A person from {self._profile.name} is in this chat."])
        return footnotes(self._app.notes())

    def bubbles(self, lines: Iterable[Line]) -> list[MessageDict]:
        """A transcript as the window shows it, after the greeting and the starters."""
        starters = (ShownButton(starter, starter) for starter in self._app.starters)
        greeting = _bubble("assistant", said(self._profile.name, self._greeting()), starters)
        return [greeting, *map(self._spoken, lines)]

    def open(self, request: gr.Request) -> View:
        """The page was loaded."""
        session = session_of(request.cookies)
        return self._view(self._app.transcript(session) if session else [])

    async def poll(self, shown: int, heard: int, request: gr.Request) -> tuple[Any, ...]:
        """Show what a person of the shop wrote since line `shown`, once there is any, or that the chat was erased.

        `heard` is how often the chat's bell had rung before the last look, and comes last in what is returned.
        """
        session = session_of(request.cookies)
        name = chat_bell(session or "")
        await self._news.rung(name, heard, LOOK_SECONDS)
        heard = self._news.heard(name)
        view = await run_in_threadpool(self._look, shown, session) if session else _log_only(gr.skip())
        return *view, heard

    def _look(self, shown: int, session: str) -> View:
        waiting = self._app.pending(session)
        if not waiting and self._app.store.last_line(session) == shown:
            return _log_only(gr.skip())
        lines = self._app.transcript(session)
        if waiting or (shown and not lines) or any(line.role == "person" and line.id > shown for line in lines):
            return self._view(lines)
        return _log_only(gr.skip())

    async def send(self, text: str, request: gr.Request) -> AsyncIterator[tuple[Any, ...]]:
        """The customer wrote a message; the box is emptied for the next one."""
        cleared: Any = ""
        async for view in self._exchange(text, request):
            yield cleared, *view
            cleared = gr.skip()

    async def press(self, option: gr.SelectData, request: gr.Request) -> AsyncIterator[View]:
        """The customer pressed a button, of the last message or of an older one in a window that was left open."""
        value, session = str(option.value), session_of(request.cookies)
        lines = await run_in_threadpool(self._app.transcript, session) if session else []
        label = _label_of(value, lines)
        async for view in self._exchange(label or value, request, pressed=value if label else ""):
            yield view

    async def _exchange(self, text: str, request: gr.Request, *, pressed: str = "") -> AsyncIterator[View]:
        """What the window shows from a message being sent until its reply stands there whole."""
        shop, text, session = self._profile.name, text.strip()[:MAX_CHARS], session_of(request.cookies)
        shown = self.bubbles([])
        if session is None:
            yield _log_only([*shown, _bubble("assistant", said(shop, NO_COOKIE))])
            return
        if not text:
            yield _log_only(gr.skip())
            return
        try:
            lines = await run_in_threadpool(self._app.transcript, session)
            shown = [*self.bubbles(lines), _bubble("user", said(_CUSTOMER, text))]
            yield _log_only(shown if _with_person(lines) else [*shown, _bubble("assistant", typing(shop))])
            async for part in self._growing(text, session, pressed):
                yield _log_only([*shown, _bubble("assistant", said(shop, part, growing=True))])
            yield self._view(await run_in_threadpool(self._app.transcript, session))
        except Exception as error:  # noqa: BLE001 - the last stop: a customer never sees a traceback
            reason = str(error).partition("\n")[
                0
            ]  # what SQLAlchemy adds below is the statement, customer's words and all
            logger.error("A message was not answered: %s: %s", type(error).__name__, mask(reason))
            yield _log_only([*shown, _bubble("assistant", said(shop, SORRY))])

    async def _growing(self, text: str, session: str, pressed: str) -> AsyncIterator[str]:
        """The reply's text as it grows: as it is written, and what is there at once at a pace of its own."""
        listening = Listening(lambda say: self._app.respond(text, session_id=session, pressed=pressed, say=say))
        heard = ""
        async for piece in listening.pieces():
            heard += piece
            yield heard
        reply = (await listening.result()).reply
        left = (part for part in _prefixes(reply.text if reply else "") if len(part) > len(heard))
        async for part in _paced(left):
            yield part

    def _view(self, lines: Sequence[Line]) -> View:
        return self.bubbles(lines), self.foot(lines), lines[-1].id if lines else 0

    def _spoken(self, line: Line) -> MessageDict:
        shop = self._profile.name
        if line.role == "customer":
            return _bubble("user", said(_CUSTOMER, line.text))
        if line.role == "person":
            return _bubble("assistant", said_by_person(f"A person from {shop}", line.text))
        reply = from_json(Reply, line.reply) if line.reply else Reply(line.text)
        rendered = render(reply, "chat")
        answer = said(shop, "\n\n".join(rendered.texts)) + sources(reply.citations)
        answer += "".join(download(line.id, number, file) for number, file in enumerate(reply.attachments, start=1))
        return _bubble("assistant", answer, rendered.buttons)

    def _greeting(self) -> str:
        greeting = self._phrases("greeting", DEFAULT_LANGUAGE, business=self._profile.name)
        *most, last = (_NATIVE[language] for language in self._profile.languages)
        return f"{greeting}\nYou can write in {', '.join(most)} or {last}." if most else greeting

    def _opening(self) -> str:
        now = self._app.now()
        how = state(self._profile, now)
        if how.closes is not None:
            return self._phrases("hours_open_now", DEFAULT_LANGUAGE, closes=clock(how.closes))
        if how.opens is not None:
            opens = opens_in_words(self._phrases, DEFAULT_LANGUAGE, how.opens, now)
            return self._phrases("hours_closed_now", DEFAULT_LANGUAGE, opens=opens)
        return ""


def _bubble(role: Literal["user", "assistant"], markup: str, options: Iterable[ShownButton] = ()) -> MessageDict:
    shown: list[OptionDict] = [{"value": each.value, "label": each.label} for each in options]
    return {"role": role, "content": markup, "options": shown}


def _label_of(value: str, lines: Sequence[Line]) -> str:
    """What stands on the latest button with a value of its own that was offered in a chat; empty where none was."""
    replies = (from_json(Reply, line.reply) for line in reversed(lines) if line.reply)
    return next((each.label for reply in replies for each in reply.buttons if each.value == value), "")


def _log_only(log: object) -> View:
    return log, gr.skip(), gr.skip()


def _with_person(lines: Sequence[Line]) -> bool:
    """Whether the customer was last answered by a person rather than by the bot."""
    answers = (line.role for line in reversed(lines) if line.role != "customer")
    return next(answers, "bot") == "person"


async def _paced(parts: Iterable[str]) -> AsyncIterator[str]:
    """A reply's text as it grows on the screen, at a pace the eye can follow."""
    for part in parts:
        yield part
        await asyncio.sleep(STEP_SECONDS)


def _prefixes(text: str) -> Iterator[str]:
    """A finished text as it grows, in whole words and at most `GROWTH_STEPS` steps."""
    ends = [word.end() for word in re.finditer(r"\S+", text)]
    for end in ends[:: math.ceil(len(ends) / GROWTH_STEPS) or 1]:
        yield text[:end]
