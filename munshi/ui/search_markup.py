"""What a search found, as markup for whoever keeps the papers. Every word of a paper or a query goes in as text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from munshi.knowledge.base import Hit, Passage
from munshi.knowledge.conflicts import Conflict
from munshi.knowledge.search_trace import SearchTrace
from munshi.ui.markup import literal
from munshi.ui.matched import Wanted

KINDS = {"faq": "FAQ", "policy": "Policy", "catalogue": "Catalogue", "text": "Text"}
LANGUAGES = {"en": "English", "hi": "Hindi", "hinglish": "Hinglish"}

_LEGEND = (
    '<p class="legend"><mark class="asked">marked</mark> a word of the query &#160; '
    '<mark class="meant">marked</mark> another form of it, or added by the search</p>'
)
_ARMS = {"lexical": "words", "dense": "meaning"}
_STAGES = {**_ARMS, "query": "reading the query", "exact": "exact codes", "rerank": "second look"}


@dataclass(frozen=True, slots=True)
class Pages:
    """Which of the hits are shown: those of one page, counted from 0, of so many a page."""

    number: int
    size: int
    hits: int

    @property
    def count(self) -> int:
        """How many pages there are, one at least."""
        return max(1, -(-self.hits // self.size))

    @property
    def start(self) -> int:
        """How many hits stand on the pages before."""
        return self.number * self.size

    def at(self, number: int) -> Pages:
        """Another page, or the nearest to it that there is."""
        return Pages(min(max(number, 0), self.count - 1), self.size, self.hits)


def found(trace: SearchTrace, pages: Pages, *, only_valid: bool) -> str:
    """One page of hits under what was done to find them, on the first page also those that are out of date."""
    if not trace.hits and not trace.expired:
        return '<div class="none">Nothing was found: no word of it, and nothing near it, stands in the papers.</div>'
    wanted, scale = Wanted.of(trace), Scale.of(trace.hits)
    shown = trace.hits[pages.start : pages.start + pages.size]
    parts = [_how(trace), _missing(trace), *map(_conflict, trace.conflicts)]
    parts += [_hit(trace, hit, rank, wanted, scale) for rank, hit in enumerate(shown, start=pages.start + 1)]
    if pages.number == 0 and not only_valid:
        parts += _expired(trace, pages.size, wanted, scale)
    return "".join(parts)


def _expired(trace: SearchTrace, most: int, wanted: Wanted, scale: Scale) -> list[str]:
    """What is out of date and holds a word that was looked for: by its meaning alone, everything comes near."""
    hits = [hit for hit in trace.expired if wanted.within(hit.passage)][:most]
    title = ['<h3 class="apart">Fits, but not valid today: never answered from</h3>'] if hits else []
    return title + [_hit(trace, hit, None, wanted, scale) for hit in hits]


@dataclass(frozen=True, slots=True)
class Scale:
    """What a full bar stands for: BM25 has no highest score, the others run to about 1."""

    lexical: float
    score: float

    @classmethod
    def of(cls, hits: Sequence[Hit]) -> Scale:
        """The scale on which the best hit fills the bar."""
        return cls(
            max((hit.lexical or 0.0 for hit in hits), default=0.0), max((hit.score for hit in hits), default=1.0)
        )


def bar(name: str, value: float | None, full: float = 1.0, *, note: str = "") -> str:
    """A named number with a bar; a dash where there is none."""
    if value is None:
        number, width = "–", 0.0
    else:
        number, width = f"{value:.3f}", min(max(value / full, 0.0), 1.0) * 100 if full > 0 else 0.0
    return (
        f'<div class="score"><span class="name">{literal(name)}</span><span class="number">{number}</span>'
        f'<span class="track"><span class="fill" style="width: {width:.0f}%"></span></span>{note}</div>'
    )


def marked(text: str, wanted: Wanted) -> str:
    """A text with the words that were looked for marked, those that the search added in another way."""
    marks = {"asked": '<mark class="asked">{}</mark>', "meant": '<mark class="meant">{}</mark>', "": "{}"}
    return "".join(marks[match].format(literal(piece)) for piece, match in wanted.marked(text))


def validity(passage: Passage) -> str:
    """From when and until when it holds; empty where nothing is said."""
    start, end = passage.valid_from, passage.valid_until
    if start and end:
        return f"valid {_day(start)} to {_day(end)}"
    if start:
        return f"valid from {_day(start)}"
    return f"valid until {_day(end)}" if end else ""


def trail(passage: Passage, wanted: Wanted | None = None) -> str:
    """Where a passage stands: file, title and headings, none twice, as markup."""
    steps = dict.fromkeys(filter(None, (passage.source, passage.title, *passage.heading)))
    show = literal if wanted is None else lambda step: marked(step, wanted)
    source, *rest = steps
    return ' <span class="sep">›</span> '.join([f"<b>{literal(source)}</b>", *map(show, rest)])


def _hit(trace: SearchTrace, hit: Hit, rank: int | None, wanted: Wanted, scale: Scale) -> str:
    passage = hit.passage
    place = "" if rank is None else f'<span class="rank">{rank}</span>'
    return (
        f'<div class="hit{" expired" if rank is None else ""}">'
        f'<div class="top">{place}<div class="trail" dir="auto">{trail(passage, wanted)}</div></div>'
        f'<div class="tags">{_tags(trace, passage, expired=rank is None)}</div>'
        f'<div class="text" dir="auto">{marked(passage.text, wanted)}</div>'
        f'<div class="scores">{_scores(trace, hit, scale)}</div></div>'
    )


def _tags(trace: SearchTrace, passage: Passage, *, expired: bool) -> str:
    page = f"page {passage.page}" if passage.page is not None else ""
    told = (KINDS[passage.kind], LANGUAGES.get(passage.language, passage.language), page, validity(passage))
    tags = [f"<span>{literal(each)}</span>" for each in told if each]
    if expired:
        tags.append('<span class="bad">not valid today</span>')
    for conflict in trace.conflicts:
        if passage.id == conflict.kept.id:
            tags.append('<span class="good">used where papers disagree</span>')
        elif passage.id in {other.id for other in conflict.others}:
            tags.append('<span class="bad">contradicted, not answered from</span>')
    return "".join(tags)


def _scores(trace: SearchTrace, hit: Hit, scale: Scale) -> str:
    known: Mapping[str, float] = trace.fused_scores
    name = hit.passage.id
    bars = [
        bar("Words (BM25)", hit.lexical, scale.lexical),
        bar("Meaning (cosine)", hit.dense),
        bar("Both together", known.get(name)),
        bar("Second look (MaxSim)", hit.rerank),
    ]
    if name in trace.costly_scores:
        bars.append(bar("Costly reranker", trace.costly_scores[name]))
    bars += [
        bar("Exact code lift", trace.exact.get(name, 0.0)),
        bar("Filter lift", trace.lifted.get(name, 0.0)),
        bar("Score", hit.score, max(scale.score, 1.0)),
    ]
    return "".join(bars)


def _how(trace: SearchTrace) -> str:
    """What each stage did, folded under one line."""
    total = sum(trace.ms.values())
    spent = f"remembered from before; it took {total:.1f} ms then" if trace.cached else f"{total:.1f} ms"
    hits = f"{len(trace.hits)} passage{'s' if len(trace.hits) != 1 else ''}"
    rows = "".join(f"<dt>{literal(name)}</dt><dd>{literal(told)}</dd>" for name, told in _stages(trace))
    return (
        f'<details class="how"><summary>{hits} · {spent} · {_second(trace)}</summary><dl>{rows}</dl></details>{_LEGEND}'
    )


def _missing(trace: SearchTrace) -> str:
    if not trace.dense_missing:
        return ""
    return '<p class="bad">The vector store could not be asked: what is here was found by words alone.</p>'


def _second(trace: SearchTrace) -> str:
    ran = trace.rerank.ran or trace.costly.ran
    return "re-ranked" if ran else "not re-ranked"


def _stages(trace: SearchTrace) -> Iterable[tuple[str, str]]:
    yield "Searched for", trace.prepared or "nothing"
    if trace.expansions:
        yield "Added by synonyms", ", ".join(trace.expansions)
    proposed = ", ".join(f"{_ARMS.get(arm, arm)} {count}" for arm, count in trace.candidates.items())
    yield "Proposed", f"{proposed or 'none'}; {trace.fused} together"
    yield "Reranker", f"{'ran' if trace.rerank.ran else 'did not run'}: {trace.rerank.reason}"
    yield "Costly reranker", f"{'ran' if trace.costly.ran else 'did not run'}: {trace.costly.reason}"
    yield "Milliseconds", ", ".join(f"{_STAGES.get(stage, stage)} {ms:.2f}" for stage, ms in trace.ms.items())


def _conflict(conflict: Conflict) -> str:
    kept = _side(conflict.kept, conflict, "used", "good")
    others = "".join(_side(other, conflict, "not used", "bad") for other in conflict.others)
    return (
        f'<div class="conflict"><h3>The papers disagree</h3>{kept}{others}'
        f'<p class="why">{literal(f"{conflict.kept.source} is used: {conflict.reason}.")}</p></div>'
    )


def _side(passage: Passage, conflict: Conflict, verdict: str, tone: str) -> str:
    return (
        f'<div class="side"><span class="{tone}">{verdict}</span> <span class="trail">{trail(passage)}</span>'
        f'<blockquote dir="auto">{literal(conflict.quotes[passage.id])}</blockquote></div>'
    )


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"
