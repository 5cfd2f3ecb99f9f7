"""A moderator's word, and taking it back. Both are POSTs that end in a redirect: a reload repeats nothing."""

import re

from flask import Blueprint, Response, abort, g, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from moderator.comment import Word
from moderator.review import comment_page, done, security
from moderator.review.desk import Desk, session
from moderator.review.done import Deed, Done
from moderator.review.language import gettext
from moderator.store import StaleVersion, UnknownComment, UnknownVerdict

DOOR = "page"
ANCHOR = re.compile(r"c-[0-9A-Z]{26}")


def add(blueprint: Blueprint, desk: Desk) -> None:
    """The two forms' addresses."""

    @blueprint.post("/comments/<comment_id>/verdict")
    def verdict(comment_id: str) -> AnyResponse:
        word, version = _asked()
        by = session().person.login
        done_before = recent(desk)
        try:
            given = desk.store.give_verdict(comment_id, word, by=by, door=DOOR, expected_version=version)
        except UnknownComment:
            abort(404)
        except StaleVersion as stale:
            if stale.by == by and stale.word is word:
                return _onward(desk, done_before)  # a double click: it is done
            return _faster(desk, comment_id, stale, word)
        return _onward(desk, done_before.and_then(Deed(word, given.batch, comment_id)))

    @blueprint.post("/undo")
    def undo() -> AnyResponse:
        batch = request.form.get("batch", "")[:26]
        by = session().person.login
        deeds = recent(desk)
        deed = next((one for one in deeds.deeds if one.batch == batch), None)
        if deed is None:
            return _onward(desk, deeds)  # a double click, or another tab has taken it back
        try:
            taken = desk.store.undo(batch, by=by, door=DOOR)
        except UnknownVerdict:
            return _onward(desk, Done(deeds.without(batch).deeds))
        if taken.stale and not taken.given:
            spoken = gettext("Somebody has spoken on it since, so there is nothing to undo.")
            response = _stale_page(desk, deed.comment_id, spoken)
            _remember(desk, response, Done(deeds.without(batch).deeds))
            return response
        return _onward(desk, deeds.without(batch), anchor=f"c-{deed.comment_id}")


def recent(desk: Desk) -> Done:
    """What this person did last in this session."""
    return done.read(security.get_cookie(request, desk.settings, security.DONE), session().csrf)


def _asked() -> tuple[Word, int]:
    """The word and the version that the form was made for; 400 where it has none."""
    try:
        return Word(request.form.get("word", "")), int(request.form.get("version", "")[:10])
    except ValueError:
        abort(400)


def _onward(desk: Desk, now: Done, anchor: str = "") -> AnyResponse:
    """Back to the view that the form stood in, at the comment that comes next; a script that will look by itself asks
    with ``Prefer: return=minimal`` (RFC 7240) and gets 204."""
    if request.headers.get("Prefer") == "return=minimal":
        done = make_response("", 204, {"Preference-Applied": "return=minimal"})
        _remember(desk, done, now)
        return done
    anchor = anchor or request.form.get("anchor", "")
    where = security.safe_next(request.form.get("next"))
    response = redirect(f"{where}#{anchor}" if ANCHOR.fullmatch(anchor) else where, code=303)
    assert isinstance(response, Response)
    _remember(desk, response, now)
    return response


def _remember(desk: Desk, response: Response, now: Done) -> None:
    security.set_cookie(response, request, desk.settings, security.DONE, done.write(now, session().csrf))
    g.done = now


def _faster(desk: Desk, comment_id: str, stale: StaleVersion, word: Word) -> Response:
    if stale.by and stale.word:
        who = gettext("you, in another window") if stale.by == session().person.login else stale.by
        what = gettext("Already handled by %(who)s: %(what)s.", who=who, what=gettext(done.SAID_INSIDE[stale.word]))
    else:
        what = gettext("It was edited since you loaded the page.")
    lost = gettext("Your “%(button)s” was not applied.", button=gettext(done.ASKED[word]))
    return _stale_page(desk, comment_id, f"{what} {lost}", at=stale.at)


def _stale_page(desk: Desk, comment_id: str, what: str, at: object = None) -> Response:
    """409, with the comment as it stands now."""
    shown = comment_page.shown(desk, comment_page.history_of(desk, comment_id))
    back = security.safe_next(request.form.get("next"))
    return make_response(render_template("comment.html", **shown, stale=what, stale_at=at, back=back), 409)
