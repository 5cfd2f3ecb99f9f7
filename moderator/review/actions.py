"""A moderator's word on one comment or on many, and taking it back. All are POSTs that end in a redirect: a reload
repeats nothing. A script that will look by itself asks with ``Prefer: return=minimal`` (RFC 7240) and gets 204, or
409 with the card alone."""

import re
from urllib.parse import parse_qsl, urlsplit

from flask import Blueprint, Response, abort, g, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from moderator.comment import Word
from moderator.review import comment_page, done, errors, security
from moderator.review.desk import Desk, moment_of, session
from moderator.review.language import gettext
from moderator.review.view import NAMES, view_of
from moderator.store import Deed, StaleVersion, UnknownComment

ANCHOR = re.compile(r"c-[0-9A-Z]{26}")
PICK = re.compile(r"([0-9A-HJKMNP-TV-Z]{26})\.([0-9]{1,9})")
SKIP = "skip"


def add(blueprint: Blueprint, desk: Desk) -> None:
    """The forms' addresses."""

    @blueprint.post("/comments/<comment_id>/verdict")
    def verdict(comment_id: str) -> AnyResponse:
        word, version = _word(), _number("version")
        person = session().person
        try:
            desk.store.deeds.give(person, comment_id, word, version=version)
        except UnknownComment:
            abort(404)
        except StaleVersion as stale:
            if stale.by == person.login and stale.word is word:
                return _onward()  # a double click: it is done
            return _faster(desk, comment_id, stale, word)
        return _onward()

    @blueprint.post("/verdicts")
    def verdicts() -> AnyResponse:
        """One word for those that are ticked, or for all that fit a view."""
        word, person = _word(), session().person
        if request.form.get("all") == "yes" or request.form.get("campaign"):
            return _all(desk, word)
        picked = [PICK.fullmatch(text) for text in request.form.getlist("pick")]
        versions = {found[1]: int(found[2]) for found in picked if found is not None}
        if len(versions) < len(picked):
            abort(400)
        if not versions:
            detail = gettext("Tick some comments, or all that fit, and choose again what is to become of them.")
            return errors.page(422, headline=gettext("Nothing was ticked"), detail=detail)
        if desk.store.deeds.give_many(person, versions, word) is None and not _was_done(desk, versions, word):
            return _nothing_left()
        return _onward()

    @blueprint.post("/undo")
    def undo() -> AnyResponse:
        deed, stale = desk.store.deeds.undo(session().person, _batch())
        if deed is not None and stale == deed.number:
            return _too_late(desk, deed, gettext("Somebody has spoken on it since, so there is nothing to undo."))
        return _onward(deed)

    @blueprint.post("/redo")
    def redo() -> AnyResponse:
        deed, stale = desk.store.deeds.redo(session().person, _batch())
        if deed is not None and stale == deed.number:
            return _too_late(desk, deed, gettext("Somebody has spoken on it since, so it cannot be done again."))
        return _onward(deed)


def _all(desk: Desk, word: Word | None) -> AnyResponse:
    """The word for all that fit the view, as they stood when its page was made."""
    sites = {site.name: site for site in desk.sites()}
    asked = dict(parse_qsl(urlsplit(request.form.get("view", "")).query))
    campaign = request.form.get("campaign", "")
    if campaign:  # all of it that stand in this queue, whatever else the view is narrowed by
        asked = {"status": asked.get("status", ""), "site": asked.get("site", ""), "campaign": campaign}
    view = view_of({name: asked[name] for name in asked if name in NAMES}, sites)
    if view.notes:  # a site that is gone, say: then it would be more than what was seen
        detail = gettext("The view that it was made for is no more, so nothing was changed. Load the page again.")
        return errors.page(409, headline=gettext("That view has changed"), detail=detail)
    deed, whole = desk.store.deeds.give_all(session().person, view.filter(sites), word, seen=moment_of(_number("seen")))
    if deed is None:
        return _nothing_left()
    if not whole:
        more = gettext("There are more: it took too long. Go back and choose the same again.")
        detail = f"{done.said(deed)}. {more}"
        return errors.page(503, headline=gettext("Not all yet"), detail=detail)
    return _onward()


def _word() -> Word | None:
    """The word that was pressed, None for *not sure*; 400 where there is none."""
    text = request.form.get("word", "")
    try:
        return None if text == SKIP else Word(text)
    except ValueError:
        abort(400)


def _number(name: str) -> int:
    """A whole number of the form; 400 where there is none."""
    text = request.form.get(name, "")
    if not re.fullmatch(r"[0-9]{1,17}", text, re.ASCII):
        abort(400)
    return int(text)


def _batch() -> str:
    return request.form.get("batch", "")[:26]


def _was_done(desk: Desk, versions: dict[str, int], word: Word | None) -> bool:
    """Whether they stand so already by this person: the form was sent twice."""
    last = done.of_session(desk).last
    return last is not None and last.word is word and not last.undone and last.comment_id in versions


def _onward(deed: Deed | None = None) -> AnyResponse:
    """Back to the view that the form stood in, at the comment that comes next."""
    if _minimal():
        return make_response("", 204, {"Preference-Applied": "return=minimal"})
    anchor = f"c-{deed.comment_id}" if deed is not None else request.form.get("anchor", "")
    where = security.safe_next(request.form.get("next"))
    return redirect(f"{where}#{anchor}" if ANCHOR.fullmatch(anchor) else where, code=303)


def _minimal() -> bool:
    return request.headers.get("Prefer") == "return=minimal"


def _nothing_left() -> Response:
    detail = gettext(
        "Others have handled those comments meanwhile, or this form was sent twice. Load the page again to see."
    )
    return errors.page(409, headline=gettext("Nothing was left to do"), detail=detail)


def _faster(desk: Desk, comment_id: str, stale: StaleVersion, word: Word | None) -> Response:
    if stale.by and stale.word:
        who = gettext("you, in another window") if stale.by == session().person.login else stale.by
        what = gettext("Already handled by %(who)s: %(what)s.", who=who, what=gettext(done.SAID_INSIDE[stale.word]))
    else:
        what = gettext("It was edited since you loaded the page.")
    lost = gettext("Your “%(button)s” was not applied.", button=gettext(done.ASKED[word]))
    return _as_it_stands(desk, comment_id, f"{what} {lost}", at=stale.at)


def _too_late(desk: Desk, deed: Deed, what: str) -> Response:
    g.pop("done", None)
    if deed.number == 1:
        return _as_it_stands(desk, deed.comment_id, what)
    return errors.page(
        409, headline=gettext("Too late"), detail=gettext("Others have spoken on all of those comments since.")
    )


def _as_it_stands(desk: Desk, comment_id: str, what: str, at: object = None) -> Response:
    """409, with the comment as it stands now: on its page, or for a script only the card."""
    history = comment_page.history_of(desk, comment_id)
    back = security.safe_next(request.form.get("next"))
    shown = comment_page.shown(desk, history)
    template = "_stale.html" if _minimal() else "comment.html"
    return make_response(render_template(template, **shown, stale=what, stale_at=at, back=back), 409)
