"""One's own account: another password, the language of the pages, and the end of all of one's sessions."""

from flask import Blueprint, abort, g, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from moderator.review.desk import Desk, session
from moderator.review.digest import ADDRESS
from moderator.review.language import LANGUAGES, gettext
from moderator.review.login import MOST_OF_A_PASSWORD, begin, normal, what_is_wrong
from moderator.review.sentences import told
from moderator.store import PasswordRefused


def add(blueprint: Blueprint, desk: Desk) -> None:
    """The page and its forms."""

    @blueprint.get("/account")
    def account() -> str:
        return _shown(desk, "")

    @blueprint.post("/account/password")
    def change_password() -> AnyResponse:
        person = session().person
        current, password = request.form.get("current", ""), normal(request.form.get("password", ""))
        problem = _what_is_wrong(desk, current, password)
        if not problem:
            try:
                desk.store.set_password(person.id, password)
            except PasswordRefused as refused:
                problem = told(str(refused))
        if problem:
            return make_response(_shown(desk, problem), 422)
        return begin(desk, person, "/account?done=password")  # all sessions are over, this one too

    @blueprint.post("/account/language")
    def change_language() -> AnyResponse:
        code = request.form.get("language", "")
        if code and code not in LANGUAGES:
            abort(400)
        desk.store.set_language(session().person.id, code)
        return redirect("/account#language", code=303)

    @blueprint.post("/account/digest")
    def change_digest() -> AnyResponse:
        desk.store.set_digest(session().person.id, request.form.get("wanted") == "yes")
        return redirect("/account#digest", code=303)

    @blueprint.post("/account/end-sessions")
    def end_own_sessions() -> AnyResponse:
        desk.store.end_sessions(session().person.id)
        g.session = None
        return redirect("/login", code=303)


def _what_is_wrong(desk: Desk, current: str, password: str) -> str:
    """A sentence if the password may not be changed to this, else nothing.

    The new one is looked at first: whoever mistypes it has not used up a try of the current one, which are counted as
    logins are (TooManyAttempts, which errors.py shows).
    """
    login = session().person.login
    problem = what_is_wrong(desk, password, normal(request.form.get("again", "")), login)
    if problem:
        return problem
    if len(current) > MOST_OF_A_PASSWORD or not desk.store.log_in(
        login, normal(current), address=request.remote_addr or ""
    ):
        return gettext("The current password is not right, so nothing was changed. Type it once more.")
    return ""


def _shown(desk: Desk, problem: str) -> str:
    return render_template(
        "account.html",
        since=session().created,
        problem=problem,
        mail=bool(desk.settings.smtp_host),
        hour=desk.settings.digest_hour,
        has_address=bool(ADDRESS.fullmatch(session().person.login)),
    )
