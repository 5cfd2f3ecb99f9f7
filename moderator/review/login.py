"""Log in, log out, and set a password by a one-time link."""

import unicodedata

from flask import Blueprint, Response, abort, g, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from moderator.review import security
from moderator.review.desk import Desk
from moderator.review.guessing import is_easy
from moderator.review.language import gettext, number
from moderator.review.sentences import told
from moderator.store import LinkRefused, PasswordRefused, Person

LEAST_CHARACTERS = 12
SERVICE = "moderator"
MOST_OF_A_LOGIN, MOST_OF_A_PASSWORD = 320, 1024


def add(blueprint: Blueprint, desk: Desk) -> None:
    """The pages for those who are not in yet, and the way out."""

    @blueprint.route("/login", methods=["GET", "POST"])
    def login() -> AnyResponse:
        wanted = security.safe_next(request.values.get("next"))
        if request.method == "GET":
            if g.session is not None:
                return redirect(wanted, code=303)
            return make_response(render_template("login.html", next=wanted, login="", problem=""))
        name, password = request.form.get("login", ""), request.form.get("password", "")
        person = _who(desk, name, password)
        if person is None:
            # The same words, whether the login, the password or both were wrong.
            problem = gettext("That login and password do not fit together.")
            page = render_template("login.html", next=wanted, login=name[:MOST_OF_A_LOGIN], problem=problem)
            return make_response(page, 401)
        return begin(desk, person, wanted)

    @blueprint.post("/logout")
    def logout() -> AnyResponse:
        desk.store.end_session(g.token)
        response = redirect("/login", code=303)
        security.set_cookie(_ours(response), request, desk.settings, security.SESSION, "")
        return response

    @blueprint.route("/set-password/<link>", methods=["GET", "POST"])
    def set_password(link: str) -> AnyResponse:
        person = desk.store.link(link) if len(link) <= 100 else None
        if person is None:
            return make_response(render_template("link_refused.html"), 404)
        if request.method == "GET":  # mail scanners and previews fetch links: only the form uses it up
            return make_response(render_template("set_password.html", person=person, problem=""))
        password = normal(request.form.get("password", ""))
        problem = what_is_wrong(desk, password, normal(request.form.get("again", "")), person.login)
        if not problem:
            try:
                person = desk.store.use_link(link, password)
            except PasswordRefused as refused:
                problem = told(str(refused))
            except LinkRefused:
                return make_response(render_template("link_refused.html"), 404)
        if problem:
            return make_response(render_template("set_password.html", person=person, problem=problem), 422)
        return begin(desk, person, "/")


def normal(password: str) -> str:
    """NFC, so that the same letters typed on another keyboard are the same password (RFC 8265).

    One that is too long to be any stays as it is: putting its marks in order may take quadratic time.
    """
    return unicodedata.normalize("NFC", password) if len(password) <= MOST_OF_A_PASSWORD else password


def what_is_wrong(desk: Desk, password: str, again: str, login: str) -> str:
    """A sentence if this should not become a password, else nothing."""
    if len(password) < LEAST_CHARACTERS:
        return gettext(
            "It has %(number)s characters; at least %(least)s are needed. A few words in a row do well.",
            number=number(len(password)),
            least=number(LEAST_CHARACTERS),
        )
    if is_easy(password, (SERVICE, login, *(site.name for site in desk.store.sites()))):
        return gettext("It is too easy to guess. Take a few words in a row.")
    if password != again:
        return gettext("The two do not match. Type it once more.")
    return ""


def _who(desk: Desk, name: str, password: str) -> Person | None:
    """Whose login and password these are. Too many wrong ones raise TooManyAttempts, which errors.py shows."""
    if len(name) > MOST_OF_A_LOGIN or len(password) > MOST_OF_A_PASSWORD:
        abort(400)
    return desk.store.log_in(name, normal(password), address=request.remote_addr or "")


def begin(desk: Desk, person: Person, wanted: str) -> AnyResponse:
    """A redirect with a new session, whatever cookie came with the request; the one that it named is over."""
    if g.token:
        desk.store.end_session(g.token)
    token, _ = desk.store.start_session(person.id)
    response = redirect(wanted, code=303)
    security.set_cookie(_ours(response), request, desk.settings, security.SESSION, token)
    security.set_cookie(_ours(response), request, desk.settings, security.VISITOR, "")
    return response


def _ours(response: AnyResponse) -> Response:
    """What redirect() gives is a Flask response; its type says less."""
    assert isinstance(response, Response)
    return response
