"""Where a branch or a cash machine is, from the table of branches; what that does not tell, from the papers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from munshi.handlers.base import Button, Reply, Slot, Turn
from munshi.handlers.branch_hours import at_branch, hours_of
from munshi.handlers.faq import worded_from_papers
from munshi.handlers.opening import opens_in_words, state
from munshi.handlers.order_status import person_button
from munshi.handlers.places import at_pin, named_in, names_unknown, near_pin
from munshi.handlers.registry import HandlerConfig, Services
from munshi.handlers.rows import Branch
from munshi.handlers.when import clock
from munshi.knowledge.base import Citation
from munshi.knowledge.text import words

_MOST_LISTED = 6
_MOST_BUTTONS = 9
_MACHINE = frozenset("atm atms machine machines cdm एटीएम मशीन".split())
_PAYING_IN = frozenset("deposit deposits cdm jama जमा".split())


class BranchLocation:
    """By the PIN code or the place that a message names; no distance is told, for none is known."""

    def __init__(self, services: Services, _config: HandlerConfig) -> None:
        self.slots: tuple[Slot, ...] = ()
        self._services = services
        self._phrases = services.phrases

    def answer(self, turn: Turn) -> Reply:
        """The branch, those that it may be, or the list of all with a person on offer."""
        branches = self._services.records.branches()
        if not branches:
            return worded_from_papers(self._services, turn.query or turn.text, turn)
        service = _service_in(turn.text)
        pins = [entity.value for entity in turn.entities if entity.kind == "pin_code"]
        if pins:
            return self._by_pin(branches, pins[-1], turn, service)
        found = _fitting(named_in(branches, turn.text) or named_in(branches, turn.query), service)
        return self._told(found, turn, "place") if found else self._unnamed(branches, turn, service)

    def _by_pin(self, branches: Sequence[Branch], pin_code: str, turn: Turn, service: str) -> Reply:
        exact = at_pin(branches, pin_code)
        if exact:
            return self._told(_fitting(exact, service), turn, "pin")
        near, digits = near_pin(branches, pin_code)
        if not near:
            return self._listed(branches, turn, self._phrases("branch_none_at_pin", turn.language, pin_code=pin_code))
        lead = self._phrases("branch_near_pin", turn.language, pin_code=pin_code, digits=digits)
        return self._told(_fitting(near, service), turn, "near_pin", lead)

    def _unnamed(self, branches: Sequence[Branch], turn: Turn, service: str) -> Reply:
        """No branch is named: which there are, and which is meant; of a place that is not ours that it is not."""
        if names_unknown(turn.text):
            return self._listed(branches, turn, self._phrases("branch_unknown", turn.language))
        lead = self._phrases("branch_which", turn.language)
        if service:
            names = ", ".join(branch.name for branch in branches if service in branch.services)
            what = self._phrases(f"branch_service_{service}", turn.language)
            lead = f"{self._phrases('branch_with_service', turn.language, service=what, names=names)}\n{lead}"
        return self._listed(branches, turn, lead, all_of_them=not service)

    def _listed(self, branches: Sequence[Branch], turn: Turn, lead: str, *, all_of_them: bool = True) -> Reply:
        names = ", ".join(branch.name for branch in branches if branch.kind == "branch")
        ours = self._phrases("branch_ours", turn.language, names=names) if all_of_them else ""
        buttons = (*self._buttons(branches, turn), person_button(self._phrases, turn.language))
        return Reply("\n".join(filter(None, (lead, ours))), buttons, data={"branches": []})

    def _buttons(self, branches: Sequence[Branch], turn: Turn) -> tuple[Button, ...]:
        names = [branch.name for branch in branches if branch.kind == "branch"][:_MOST_BUTTONS]
        return tuple(Button(self._phrases("branch_button", turn.language, name=name)) for name in names)

    def _told(self, found: Sequence[Branch], turn: Turn, by: str, lead: str = "") -> Reply:
        data = {"branches": [_told(branch, by) for branch in found]}
        if len(found) > 1:
            lines = [self._line(branch, turn.language) for branch in found[:_MOST_LISTED]]
            lead = lead or self._phrases("branch_several", turn.language, count=len(found))
            return Reply("\n".join((lead, *lines)), self._buttons(found, turn), self._cited(found, turn), data=data)
        text = "\n".join(filter(None, (lead, *self._card(found[0], turn))))
        return Reply(text, citations=self._cited(found, turn), data={**data, **_on_map(found[0])})

    def _line(self, branch: Branch, language: str) -> str:
        key = "branch_line" if branch.kind == "branch" else "branch_line_atm"
        return self._phrases(key, language, name=branch.name, address=_address(branch), phone=branch.phone)

    def _card(self, branch: Branch, turn: Turn) -> Iterator[str]:
        phrases, language = self._phrases, turn.language
        key = "branch_card" if branch.kind == "branch" else "branch_card_atm"
        yield phrases(key, language, name=branch.name, address=_address(branch))
        if branch.ifsc:
            yield phrases("branch_ifsc", language, ifsc=branch.ifsc)
        if branch.micr:
            yield phrases("branch_micr", language, micr=branch.micr)
        if branch.phone:
            yield phrases("location_phone", language, phone=branch.phone)
        if branch.kind == "branch":
            yield from self._hours(branch, turn)
            services = [phrases(f"branch_service_{name}", language) for name in branch.services]
            if services:
                yield phrases("branch_services", language, services=", ".join(services))
        if branch.latitude and branch.longitude:
            at = f"mlat={branch.latitude}&mlon={branch.longitude}#map=17/{branch.latitude}/{branch.longitude}"
            yield phrases("location_map", language, maps_url=f"https://www.openstreetmap.org/?{at}")

    def _hours(self, branch: Branch, turn: Turn) -> Iterator[str]:
        """The branch's hours of a working day, and when it opens next where that is not now."""
        own = hours_of(branch)
        if own is not None:
            opens, closes = map(clock, own)
            yield self._phrases("branch_hours", turn.language, opens=opens, closes=closes)
        stands = state(at_branch(turn.business, branch), turn.now)
        if stands.opens is not None:
            opens = opens_in_words(self._phrases, turn.language, stands.opens, turn.now)
            yield self._phrases("branch_closed_now", turn.language, opens=opens)

    def _cited(self, found: Sequence[Branch], turn: Turn) -> tuple[Citation, ...]:
        """Where the papers say the same of these branches: what they quote holds an IFSC of one."""
        codes = [branch.ifsc for branch in found if branch.ifsc]
        answer = self._services.knowledge.ask(" ".join(codes), language=turn.language) if codes else None
        cited = answer.citations if answer is not None else ()
        return tuple(citation for citation in cited if any(code in citation.quote for code in codes))


def _service_in(text: str) -> str:
    """Which machine a message asks for; empty where it asks for none."""
    said = set(words(text))
    if said.isdisjoint(_MACHINE):
        return ""
    return "atm" if said.isdisjoint(_PAYING_IN) else "cash_deposit"


def _fitting(found: Sequence[Branch], service: str) -> tuple[Branch, ...]:
    """Those that have what is asked for, of whatever kind; where it is no machine the branches before the machines."""
    fitting = [branch for branch in found if (service in branch.services if service else branch.kind == "branch")]
    return tuple(fitting or found)


def _address(branch: Branch) -> str:
    return f"{branch.address} {branch.pin_code}"


def _told(branch: Branch, by: str) -> dict[str, object]:
    told = {name: getattr(branch, name) for name in ("code", "name", "kind", "pin_code", "ifsc", "phone")}
    return {**told, "by": by}


def _on_map(branch: Branch) -> dict[str, Any]:
    """Where a branch is, for a channel that shows maps."""
    if not (branch.latitude and branch.longitude):
        return {}
    at = {"latitude": float(branch.latitude), "longitude": float(branch.longitude)}
    return {"location": {**at, "name": branch.name, "address": _address(branch)}}
