"""Who may log in: invite by a one-time link, change the role, shut out and let in again."""

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from moderator.review.admins import NUMBER
from moderator.review.desk import Desk, session
from moderator.review.language import gettext, marked, number
from moderator.review.login import MOST_OF_A_LOGIN
from moderator.store import NameTaken, Person, Role

ROLES = {Role.ADMIN: marked("Administrator"), Role.MODERATOR: marked("Moderator")}


def add(blueprint: Blueprint, desk: Desk) -> None:
    """The page and its forms; each form leads back to it."""

    @blueprint.get("/people")
    def people() -> Response:
        return _page(desk)

    @blueprint.post("/people")
    def invite() -> Response:
        login = request.form.get("login", "").strip()
        problem = _what_is_wrong(login)
        if problem:
            return _page(desk, problem, login=login)
        try:
            person = desk.store.add_person(login, _role())
        except NameTaken:
            taken = gettext("There is a person “%(login)s” already. Send them a new link instead.", login=login)
            return _page(desk, taken, login=login)
        return _with_link(desk, person)

    @blueprint.post(f"/people/<{NUMBER}:person_id>/link")
    def new_link(person_id: int) -> Response:
        person = _person(desk, person_id)
        if person.disabled:
            problem = gettext(
                "“%(login)s” is disabled, and no link would let them in. Enable them first.", login=person.login
            )
            return _page(desk, problem)
        return _with_link(desk, person)

    @blueprint.post(f"/people/<{NUMBER}:person_id>/role")
    def change_role(person_id: int) -> AnyResponse:
        role, person = _role(), _person(desk, person_id)
        if _is_me(person) and role is not Role.ADMIN:
            return _page(desk, gettext("You cannot take your own rights away. Another administrator can."))
        desk.store.set_role(person.id, role)
        return _back(person)

    @blueprint.post(f"/people/<{NUMBER}:person_id>/sites")
    def change_sites(person_id: int) -> AnyResponse:
        person, known = _person(desk, person_id), {site.id for site in desk.store.sites()}
        if request.form.get("all") == "yes":
            desk.store.set_sites(person.id, None)
            return _back(person)
        chosen = {int(text) for text in request.form.getlist("site") if text.isascii() and text.isdecimal()}
        if not chosen or not chosen <= known:
            return _page(desk, gettext("Choose at least one site of the list, or all."))
        desk.store.set_sites(person.id, sorted(chosen))
        return _back(person)

    @blueprint.post(f"/people/<{NUMBER}:person_id>/disable")
    def disable(person_id: int) -> AnyResponse:
        person = _person(desk, person_id)
        if _is_me(person):
            return _page(desk, gettext("You cannot shut yourself out. Another administrator can."))
        if not person.disabled:  # a second click must not move the time
            desk.store.disable_person(person.id)
        return _back(person)

    @blueprint.post(f"/people/<{NUMBER}:person_id>/enable")
    def enable(person_id: int) -> AnyResponse:
        person = _person(desk, person_id)
        desk.store.enable_person(person.id)
        return _back(person)

    @blueprint.post(f"/people/<{NUMBER}:person_id>/end-sessions")
    def end_sessions(person_id: int) -> AnyResponse:
        person = _person(desk, person_id)
        desk.store.end_sessions(person.id)
        return _back(person, done="ended")


def _page(desk: Desk, problem: str = "", *, login: str = "") -> Response:
    """All people; with a problem 422, and what was typed is still there."""
    by_number = {person.id: person for person in desk.store.people()}
    done = request.args.get("done", "").partition("-")
    ended = by_number.get(int(done[2])) if done[0] == "ended" and done[2].isdecimal() else None
    shown = render_template(
        "people.html",
        people=by_number.values(),
        roles=ROLES,
        sites=desk.store.sites(),
        problem=problem,
        login=login[:MOST_OF_A_LOGIN],
        ended=ended.login if ended else "",
    )
    return make_response(shown, 422 if problem else 200)


def _with_link(desk: Desk, person: Person) -> Response:
    """The link, shown only now; an earlier one of the person is dead, so a second click does no harm."""
    base = desk.settings.public_url or request.host_url.rstrip("/")
    link = base + url_for("review.set_password", link=desk.store.add_link(person.id))
    return make_response(
        render_template(
            "made.html",
            title=gettext("A link for %(login)s", login=person.login),
            about=gettext(
                "It sets the password once, within 24 hours; earlier links of this person are dead. Send it to nobody "
                "else, by a way that you trust."
            ),
            label=gettext("The link"),
            secret=link,
            back="/people",
            back_to=gettext("To the people"),
        )
    )


def _what_is_wrong(login: str) -> str:
    if not login:
        return gettext("A person needs a login; an e-mail address will do.")
    if len(login) > MOST_OF_A_LOGIN:
        return gettext(
            "The login has %(number)s characters; at most %(most)s are taken.",
            number=number(len(login)),
            most=number(MOST_OF_A_LOGIN),
        )
    return "" if login.isprintable() else gettext("The login has a character in it that cannot be seen. Type it anew.")


def _role() -> Role:
    try:
        return Role(request.form.get("role", ""))
    except ValueError:
        abort(400)


def _person(desk: Desk, person_id: int) -> Person:
    person = desk.store.person(person_id)
    if person is None:
        abort(404)
    return person


def _is_me(person: Person) -> bool:
    return person.id == session().person.id


def _back(person: Person, done: str = "") -> AnyResponse:
    query = f"?done={done}-{person.id}" if done else ""
    return redirect(f"/people{query}#p-{person.id}", code=303)
