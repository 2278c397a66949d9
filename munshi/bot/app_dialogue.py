"""What an app talks with: the handlers of the pack's intents, forms, routing, and who is identified before what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import Engine

from munshi.bot.app_parts import clock_of
from munshi.bot.business import Business
from munshi.bot.code_ports import open_code_port
from munshi.bot.code_secret import code_secret
from munshi.bot.conductor import Conductor
from munshi.bot.dialogue import Dialogue
from munshi.bot.doorkeeper import Doorkeeper
from munshi.bot.identification import Identification
from munshi.bot.identity_dialogue import IdentityDialogue
from munshi.bot.pack.own_code import make_importable
from munshi.bot.proof_dialogue import ProofDialogue
from munshi.bot.proofs import Proofs
from munshi.bot.router import Router
from munshi.bot.settings import Settings
from munshi.bot.tools import Tools
from munshi.bot.whole_question import WholeQuestions
from munshi.handlers.base import Action, Handler, Stopping
from munshi.handlers.otp import Codes
from munshi.handlers.registry import HandlerConfig, Services, create
from munshi.handlers.talk_to_person import TalkToPerson
from munshi.intents.base import Intent
from munshi.intents.calibration import Thresholds
from munshi.intents.registry import Trained

# What some handlers find in a message though they have no slot for it.
_BARE: Mapping[str, tuple[str, ...]] = {"stock_price": ("product",), "branch_location": ("pin_code",)}


def make_tools(
    settings: Settings, business: Business, services: Services, classifier: Trained, whole_questions: WholeQuestions
) -> Tools:
    """What the conductor needs, with a handler for every intent of the pack. Raises HandlerError."""
    make_importable(business.folder)
    handlers = {intent.name: (intent.handler, _handler(business, services, intent)) for intent in business.intents}
    dialogue = Dialogue(
        lambda intent: handlers[intent][1].slots,
        lambda intent: isinstance(handlers[intent][1], Action),
        lifetime=timedelta(minutes=settings.form_minutes),
        max_tries=settings.form_tries,
        stops=lambda intent: _stops(handlers[intent][1]),
    )
    return Tools(
        dialogue=dialogue,
        router=Router(business.intents, _thresholds(business, classifier), _bare(business, handlers)),
        handlers=handlers,
        person=TalkToPerson(services, HandlerConfig("talk_to_person")),
        knowledge=services.knowledge,
        phrases=services.phrases,
        profile=business.profile,
        titles=business.title,
        whole_questions=whole_questions,
    )


def make_doorkeeper(settings: Settings, business: Business, engine: Engine, conductor: Conductor) -> Doorkeeper:
    """The conductor behind a door: personal things are answered to customers who have shown who they are."""
    clock = clock_of(business)
    port = open_code_port(settings.codes.get_secret_value(), demo=business.codes == "demo")
    codes = Codes(business.key, code_secret(settings.business_home(business.key)), port, clock)
    identification = Identification(
        engine,
        business.key,
        codes,
        clock=clock,
        login=timedelta(minutes=settings.login_minutes),
        name=business.profile.name,
    )
    stopping = frozenset(intent for intent, (_, handler) in conductor.tools.handlers.items() if _stops(handler))
    dialogue = IdentityDialogue(identification, conductor.phrases, settings.form_tries, stopping)
    proofs = Proofs(engine, business.key, codes, business.profile.name)
    proving = ProofDialogue(proofs, conductor.phrases, settings.form_tries)
    tools = replace(conductor.tools, personal=business.personal, identify=dialogue.begin, proofs=proving)
    return Doorkeeper(Conductor(tools), dialogue)


def _stops(handler: Handler) -> bool:
    return isinstance(handler, Stopping) and handler.stops


def _handler(business: Business, services: Services, intent: Intent) -> Handler:
    config = HandlerConfig(intent.name, business.slot_specs[intent.name], business.options[intent.name])
    return create(intent.handler, services, config)


def _thresholds(business: Business, classifier: Trained) -> Thresholds:
    """What the classifier found on its examples, unless the owner says otherwise."""
    found, chosen = classifier.thresholds, business.thresholds
    return replace(found, in_scope=chosen.get("in_scope", found.in_scope), clarify=chosen.get("clarify", found.clarify))


def _bare(business: Business, handlers: Mapping[str, tuple[str, Handler]]) -> Mapping[str, str]:
    """The intent that a message with nothing but an entity of some kind stands for: the first that needs one."""
    bare: dict[str, str] = {}
    for intent in business.intents:
        name, handler = handlers[intent.name]
        if isinstance(handler, Action):
            continue
        kinds = [*(slot.kind for slot in handler.slots), *_BARE.get(name, ())]
        for kind in kinds:
            bare.setdefault(kind, intent.name)
    return bare
