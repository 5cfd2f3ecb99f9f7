"""Which key does what: one table, which people may change for themselves, or switch off (WCAG 2.1.4)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from flask import Blueprint, Response, g, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from moderator.review.desk import Desk, session
from moderator.review.language import gettext, marked

PREFERENCE = "keys"
MARKS = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}")  # ~ and ´ are dead keys on many keyboards; digits choose queues


class Action(NamedTuple):
    """What a key does; ``shifted``: what it does together with Shift, for which it has to be a letter."""

    name: str
    key: str
    says: str
    shifted: str = ""


# WordPress's keys, Gmail's x z / ?, and what neither has (docs/decisions say why).
ACTIONS = (
    # Going about
    Action("next", "j", marked("Next comment (also ↓)")),
    Action("previous", "k", marked("Previous comment (also ↑)")),
    Action("open", "o", marked("Open the comment (also Enter)")),
    Action("focus", "f", marked("Show one comment at a time")),
    Action("why", "w", marked("Show or hide why it was decided so")),
    Action("queue", "t", marked("Next queue; 1 to 5 for one of them")),
    Action("search", "/", marked("Search")),
    # Deciding
    Action("approve", "a", marked("Approve"), marked("The same for all that are ticked")),
    Action("spam", "s", marked("Spam"), marked("The same for all that are ticked")),
    Action(
        "reject",
        "d",
        marked("Reject: unwanted, but no spam; teaches nothing"),
        marked("The same for all that are ticked"),
    ),
    Action("back", "u", marked("Back to held"), marked("The same for all that are ticked")),
    Action("skip", "n", marked("Not sure: it comes last for you, and somebody else may be surer")),
    Action("undo", "z", marked("Undo, fifty deep"), marked("Redo")),
    # Many at once
    Action("select", "x", marked("Tick"), marked("Tick all that are shown; again: all that fit; again: none")),
    Action("campaign", "c", marked("Tick the whole campaign of this comment")),
    # And the sheet
    Action("help", "?", marked("This sheet")),
)
NAMES = {action.name: action for action in ACTIONS}


@dataclass(frozen=True, slots=True)
class Keys:
    """A person's keys: ``own`` has those that are not the usual ones."""

    off: bool = False
    own: Mapping[str, str] = field(default_factory=dict)

    def of(self, name: str) -> str:
        """The key of an action; nothing while they are off."""
        return "" if self.off else self.own.get(name, NAMES[name].key)

    @property
    def table(self) -> str:
        """All of them for the page's script: which key does what."""
        return json.dumps({} if self.off else {self.of(name): name for name in NAMES}, ensure_ascii=False)


def read(text: str) -> Keys:
    """The keys as they were stored; the usual ones where that is not what this version would have stored."""
    try:
        stored = json.loads(text or "{}")
        own = {str(name): str(key) for name, key in stored.get("own", {}).items() if name in NAMES}
        off = stored.get("off") is True
    except (ValueError, AttributeError):
        return Keys()
    return Keys(off, own if not what_is_wrong(own) else {})


def written(keys: Keys) -> str:
    """As they are stored."""
    if not keys.off and not keys.own:
        return ""
    return json.dumps({"off": keys.off, "own": dict(keys.own)}, ensure_ascii=False)


def what_is_wrong(own: Mapping[str, str]) -> dict[str, str]:
    """For each action that cannot have its key, a sentence that tells the cure."""
    wrong: dict[str, str] = {}
    taken: dict[str, str] = {}
    for action in ACTIONS:
        key = own.get(action.name, action.key)
        if len(key) != 1 or not (_is_letter(key) or key in MARKS):
            wrong[action.name] = gettext("One letter or sign, please; digits choose queues.")
        elif action.shifted and not _is_letter(key):
            wrong[action.name] = gettext("A letter, please: it does something with Shift as well.")
        elif key in taken:
            taken_by = gettext(NAMES[taken[key]].says)
            wrong[action.name] = gettext("“%(key)s” is taken: %(action)s.", key=key, action=taken_by)
        taken.setdefault(key, action.name)
    return wrong


def _is_letter(key: str) -> bool:
    """Of any script that has capitals, so that Shift makes another letter of it."""
    return key.isalpha() and key == key.lower() and len(key.upper()) == 1 and key.upper() != key


def of_session(desk: Desk) -> Keys:
    """The keys of who is logged in."""
    if "keys" not in g:
        g.keys = read(desk.store.preferences.get(session().person.id, PREFERENCE))
    found: Keys = g.keys
    return found


def add(blueprint: Blueprint, desk: Desk) -> None:
    """The page where they are chosen, and its form."""

    @blueprint.get("/keys")
    def keys() -> str:
        return render_template("keys.html", actions=ACTIONS, keys=of_session(desk), typed={}, wrong={})

    @blueprint.post("/keys")
    def choose_keys() -> AnyResponse:
        person = session().person
        if request.form.get("usual") == "yes":
            desk.store.preferences.set(person.id, PREFERENCE, "")
            return redirect("/keys?done=usual", code=303)
        typed = {name: request.form.get(f"key-{name}", "").strip().lower()[:8] for name in NAMES}
        own = {name: key for name, key in typed.items() if key and key != NAMES[name].key}
        off = request.form.get("on") != "yes"
        wrong = what_is_wrong(own)
        if wrong:
            return _again(Keys(off, of_session(desk).own), typed, wrong)
        desk.store.preferences.set(person.id, PREFERENCE, written(Keys(off, own)))
        return redirect("/keys?done=yes", code=303)


def _again(keys: Keys, typed: Mapping[str, str], wrong: Mapping[str, str]) -> Response:
    page = render_template("keys.html", actions=ACTIONS, keys=keys, typed=typed, wrong=wrong)
    return make_response(page, 422)
