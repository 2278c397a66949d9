"""The search page: what the papers hold, stage by stage, for whoever keeps them. Built of Gradio's parts.

A second page beside the chat window, at `PATH`; `owner_only` keeps customers from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from munshi.bot.app import App
from munshi.bot.paper_look import Look
from munshi.bot.wording import plain
from munshi.knowledge.base import KnowledgeError
from munshi.knowledge.normalise import clean
from munshi.knowledge.query import MAX_QUERY
from munshi.ui.answer_markup import told
from munshi.ui.markup import literal
from munshi.ui.past_queries import PastQueries, session_of
from munshi.ui.search_markup import KINDS, LANGUAGES, Pages, found

PATH = "/papers"
MAX_CHARS = 10_000
"""What the box takes at most, in characters; a search looks at the first `MAX_QUERY`."""

SIZES = (5, 10, 20)

_ANY = "Any"
_PAGES = 16

Shown = tuple[Any, ...]
"""What an event changes: answer, results, page number, both buttons, the line between them, the past queries."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the form says, in the order of its parts."""

    query: str
    alpha: float
    language: str
    kind: str
    source: str
    only_valid: bool
    size: int
    ask_model: bool

    @property
    def filters(self) -> dict[str, str]:
        """The filters that are set."""
        named = {"language": self.language, "kind": self.kind, "source": self.source}
        return {name: value for name, value in named.items() if value}


def build_search_page(app: App) -> gr.Blocks:
    """The page of one business, to be mounted in a server."""
    page = SearchPage(app)
    window = gr.Blocks(title=title(app), analytics_enabled=False, fill_width=True)
    with window:
        head = gr.Markdown(page.head(), elem_id="head", container=False)
        query = _box()
        with gr.Accordion("Weight, filters and pages", open=False, elem_id="options"):
            options = _options(page, model=app.library.worded_by)
        past = gr.Dataset(
            components=[gr.Textbox(visible=False)], samples=[], label="Earlier queries", elem_id="past", visible=False
        )
        answer = gr.Markdown(elem_id="told", container=False, latex_delimiters=[])
        results = gr.Markdown(elem_id="found", container=False, latex_delimiters=[])
        with gr.Row(elem_id="pages"):
            before = gr.Button("Previous", interactive=False, visible=False, size="sm")
            where = gr.Markdown(elem_id="where", container=False)
            after = gr.Button("Next", interactive=False, visible=False, size="sm")
        number = gr.State(0)
        form = [query, *options]
        view = [answer, results, number, before, after, where, past]
        # Not by the queue: its stream may close on an event that is sent just then, whose answer is then never read.
        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "queue": False}
        window.load(page.open, None, [head, *options[1:4], past], **quiet)
        query.submit(page.search, form, view, **quiet)
        for option in options:
            option.input(page.search, form, view, trigger_mode="always_last", **quiet)
        before.click(page.previous, [number, *form], view, **quiet)
        after.click(page.next, [number, *form], view, **quiet)
        past.click(page.again, [past, *form], [query, *view], **quiet)
    window.state_session_capacity = _PAGES
    window.queue(api_open=False)
    return window


def title(app: App) -> str:
    """What the browser calls the page."""
    return f"Papers of {app.business.profile.name}"


def _box() -> gr.Textbox:
    return gr.Textbox(
        elem_id="query",
        label="Search the papers",
        show_label=False,
        container=False,
        placeholder="What a customer might ask, in English, Hindi or Hinglish",
        max_length=MAX_CHARS,
        max_lines=4,
        submit_btn="Search",
        autofocus=True,
        html_attributes=gr.InputHTMLAttributes(enterkeyhint="search", autocomplete="off"),
    )


def _options(page: SearchPage, *, model: str) -> list[gr.Slider | gr.Dropdown | gr.Checkbox]:
    """The weight, the three filters, and the rest of `Wish` in its order."""
    weighs = page.weighs
    note = "0: words alone. 1: meaning alone." if weighs else "Words alone: there is no encoder (MUNSHI_ENCODER)."
    weight = gr.Slider(
        0, 1, page.alpha, step=0.01, label="Words … meaning", info=note, interactive=weighs, elem_id="alpha"
    )
    with gr.Row():
        filters = [
            gr.Dropdown(choices, value="", label=name, min_width=140)
            for name, choices in zip(("Language", "Kind", "Paper"), page.choices(), strict=True)
        ]
    gr.Markdown("Filters lift what fits and drop nothing.", elem_classes="hint", container=False)
    with gr.Row():
        valid = gr.Checkbox(False, label="Only what is valid today", min_width=140)
        size = gr.Dropdown(list(SIZES), value=SIZES[0], label="Results on a page", min_width=140)
        ask = gr.Checkbox(False, label="Ask the language model too", visible=bool(model), min_width=140)
    return [weight, *filters, valid, size, ask]


class SearchPage:
    """What happens in the page: one method for each thing that can be done in it."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._past = PastQueries()

    @property
    def alpha(self) -> float:
        """The weight of meaning that customers are answered by."""
        retriever = self._app.library.retriever
        return retriever.settings.alpha if self.weighs else 0.0

    @property
    def weighs(self) -> bool:
        """Whether there is a meaning to be weighed against the words."""
        return self._app.library.retriever.encoder is not None

    def head(self) -> str:
        """Whose papers these are, and how many."""
        passages = self._app.library.retriever.index.passages
        papers = len({passage.source for passage in passages})
        name = literal(self._app.business.profile.name)
        return f"<h1>Papers of {name}</h1><p>{len(passages)} passages of {papers} papers, as they are now.</p>"

    def choices(self) -> tuple[list[tuple[str, str]], ...]:
        """What each filter can be set to: languages, kinds, papers; "" for any."""
        passages = self._app.library.retriever.index.passages
        languages = {passage.language: LANGUAGES.get(passage.language, passage.language) for passage in passages}
        kinds = {passage.kind: KINDS[passage.kind] for passage in passages}
        papers = {passage.source: passage.source for passage in passages}
        return tuple(
            [(_ANY, ""), *sorted((label, value) for value, label in named.items())]
            for named in (languages, kinds, papers)
        )

    def open(self, request: gr.Request) -> Shown:
        """The page was loaded: its filters are those of the papers as they are now."""
        filters = [gr.Dropdown(choices, value="") for choices in self.choices()]
        past = self._history(request)
        # Where there is none it is left alone: the first search may be answered before this is.
        return self.head(), *filters, past if past.raw_samples else gr.skip()

    def search(self, request: gr.Request, *form: Any) -> Shown:
        """Search from the first page on."""
        return self._show(Wish(*form), 0, request)

    def previous(self, request: gr.Request, number: int, *form: Any) -> Shown:
        """The page before."""
        return self._show(Wish(*form), number - 1, request)

    def next(self, request: gr.Request, number: int, *form: Any) -> Shown:
        """The page after."""
        return self._show(Wish(*form), number + 1, request)

    def again(self, request: gr.Request, past: list[str], _query: str, *form: Any) -> Shown:
        """Search for what was searched for before, by the weight and filters of now."""
        return past[0], *self._show(Wish(past[0], *form), 0, request)

    def _show(self, wish: Wish, number: int, request: gr.Request) -> Shown:
        query = plain(wish.query).encode("utf-8", "replace").decode().strip()[:MAX_CHARS]
        if not clean(query).text:
            hint = '<div class="none">Write what a customer might ask, and press Enter.</div>'
            return "", hint, 0, *_no_pages(), self._history(request)
        try:
            alpha = wish.alpha if self.weighs else None
            look = self._app.library.look(query, alpha=alpha, filters=wish.filters, ask_model=wish.ask_model)
        except KnowledgeError as error:
            return "", f'<div class="none">{literal(str(error))}</div>', 0, *_no_pages(), self._history(request)
        self._past.add(session_of(request.cookies), query)
        pages = Pages(0, wish.size, len(look.search.hits)).at(number)
        return (
            told(look, self._app.library.worded_by),
            _cut(query) + self._weight(look) + found(look.search, pages, only_valid=wish.only_valid),
            pages.number,
            *_turning(pages),
            self._history(request),
        )

    def _weight(self, look: Look) -> str:
        """Tells so where the hits are in another order than customers' answers come from."""
        own = self.alpha
        if not look.dense or look.alpha == own:
            return ""
        return f'<p class="hint">Searched by {look.alpha:.2f}; customers are answered by {own:.2f}.</p>'

    def _history(self, request: gr.Request) -> gr.Dataset:
        past = self._past.of(session_of(request.cookies))
        return gr.Dataset(samples=[[query] for query in past], visible=bool(past))


def _cut(query: str) -> str:
    if len(query) <= MAX_QUERY:
        return ""
    return f'<p class="hint">Only the first {MAX_QUERY:,} of {len(query):,} characters were searched for.</p>'


def _turning(pages: Pages) -> tuple[Any, Any, str]:
    several = pages.count > 1
    return (
        gr.Button(interactive=pages.number > 0, visible=several),
        gr.Button(interactive=pages.number < pages.count - 1, visible=several),
        f"Page {pages.number + 1} of {pages.count}" if several else "",
    )


def _no_pages() -> tuple[Any, Any, str]:
    return _turning(Pages(0, SIZES[0], 0))
