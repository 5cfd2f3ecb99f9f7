"""Where a link of the daily letter leads: the comments as they stand now, and one button."""

from flask import Blueprint, Response, make_response, render_template, request

from moderator.review import done
from moderator.review.desk import Desk
from moderator.review.digest import Told, told_by
from moderator.review.language import gettext, ngettext
from moderator.store import Person, StoredComment

DOOR = "e-mail"


def add(blueprint: Blueprint, desk: Desk) -> None:
    """The page, and its button."""

    @blueprint.get("/digest/<token>")
    def digest_link(token: str) -> Response:
        found = _asked(desk, token)
        if isinstance(found, Response):
            return found
        told, _, comments = found
        return _page(told, comments, _taken(told, comments))

    @blueprint.post("/digest/<token>")
    def digest_verdict(token: str) -> Response:
        found = _asked(desk, token)
        if isinstance(found, Response):
            return found
        told, person, comments = found
        here = {one.id: told.versions[one.id] for one in comments}
        batch = desk.store.give_verdicts(here, told.word, by=person.login, door=DOOR)
        now = _comments(desk, told)
        said = ngettext("Done for %(num)s comment.", "Done for %(num)s comments.", len(batch.given))
        return _page(told, now, [one for one in now if one.id in batch.stale], said=said if batch.given else "")


def _asked(desk: Desk, token: str) -> tuple[Told, Person, tuple[StoredComment, ...]] | Response:
    """What the link asks for, by whom, and the comments; or the page that says why not."""
    told = told_by(desk.secret, token) if len(token) <= 2000 else None
    person = desk.store.person(told.person_id) if told else None
    if told is None or person is None or person.disabled is not None or told.until < desk.clock():
        return make_response(render_template("digest_refused.html"), 404)
    comments = _comments(desk, told)
    if not comments or not all(person.may_see(one.site_id) for one in comments):
        return make_response(render_template("digest_refused.html"), 404)
    return told, person, comments


def _comments(desk: Desk, told: Told) -> tuple[StoredComment, ...]:
    found = (desk.store.comment(None, comment_id) for comment_id in told.versions)
    return tuple(one for one in found if one is not None)


def _taken(told: Told, comments: tuple[StoredComment, ...]) -> list[StoredComment]:
    """Those that are no longer as the letter showed them."""
    return [one for one in comments if one.version != told.versions[one.id]]


def _page(told: Told, comments: tuple[StoredComment, ...], taken: list[StoredComment], *, said: str = "") -> Response:
    handled = [
        gettext("Already handled by %(who)s: %(what)s.", who=one.verdict.by,
                what=gettext(done.SAID_INSIDE[one.verdict.word]))
        if one.verdict
        else gettext("It was edited since the letter was sent.")
        for one in taken
    ]  # fmt: skip
    page = render_template(
        "digest_link.html",
        comments=comments,
        open=len(comments) - len(taken) if not said else 0,
        word=told.word,
        handled=list(dict.fromkeys(handled)),
        said=said,
        here=request.path,
    )
    return make_response(page)
