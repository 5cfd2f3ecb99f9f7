"""The blogs that are served: the list, a new one, and all that belongs to one of them."""

from flask import Blueprint, Response, make_response, render_template, request

from moderator.comment import Status
from moderator.review.admins import NUMBER, site_of
from moderator.review.desk import Desk
from moderator.review.language import gettext, marked, number
from moderator.store import CallbackKind, NameTaken, Purpose, Site

MOST_OF_A_NAME = 200
PURPOSES = {
    Purpose.WEBHOOK: marked("Webhook: the blog signs what it sends us"),
    Purpose.CALLBACK: marked("Callback: we sign what we tell the blog"),
    Purpose.CORAL: marked("Coral: it signs what it sends us"),
}
KINDS = {
    CallbackKind.NATIVE: marked("Signed JSON (Standard Webhooks)"),
    CallbackKind.WORDPRESS_AKISMET: marked("WordPress with the Akismet plugin"),
    CallbackKind.CUSDIS: marked("Cusdis"),
    CallbackKind.ISSO: marked("Isso"),
}


def add(blueprint: Blueprint, desk: Desk) -> None:
    """The list, the form for a new one, and the page of one."""

    @blueprint.get("/sites")
    def sites() -> Response:
        return _list(desk)

    @blueprint.post("/sites")
    def add_site() -> Response:
        name = request.form.get("name", "").strip()
        problem = _what_is_wrong(name)
        if problem:
            return _list(desk, problem, name=name)
        try:
            site, key = desk.store.add_site(name)
        except NameTaken:  # a double click, too
            taken = gettext(
                "There is a site “%(site)s” already. Choose another name, or make it another key.", site=name
            )
            return _list(desk, taken, name=name)
        about = gettext("Its blog sends it with each comment. Keep it out of pages.")
        return made(site, gettext("The key of %(site)s", site=site.name), about, key)

    @blueprint.get(f"/sites/<{NUMBER}:site_id>")
    def site(site_id: int) -> Response:
        return site_page(desk, site_of(desk, site_id))


def site_page(
    desk: Desk, site: Site, problem: str = "", *, status: int = 200, about: str = "", said: str = ""
) -> Response:
    """The page of a site. A ``problem`` stands in the section ``about``; ``said`` is good news of the callback."""
    callback = desk.store.callbacks.of(site.id)
    page = render_template(
        "site.html",
        site=site,
        here=f"/sites/{site.id}",
        keys=desk.store.keys(site.id),
        secrets=desk.store.secrets.listed(site.id),
        purposes=PURPOSES,
        akismet_keys=desk.store.akismet_keys.listed(site.id),
        callback=callback,
        deliveries=desk.store.outbox.counts(site_id=site.id) if callback else {},
        kinds=KINDS,
        counts=desk.store.counts(site_id=site.id),
        held=Status.HELD,
        problem=problem,
        about=about,
        said=said,
        typed=request.form,
    )
    return make_response(page, status)


def made(site: Site, title: str, about: str, secret: str, *, label: str = "") -> Response:
    """A secret, shown only now: in no address, cookie or log."""
    page = render_template(
        "made.html",
        title=title,
        about=about,
        label=label or gettext("The key"),
        secret=secret,
        back=f"/sites/{site.id}",
        back_to=gettext("To the site %(site)s", site=site.name),
    )
    return make_response(page)


def _list(desk: Desk, problem: str = "", *, name: str = "") -> Response:
    """All sites; with a problem 422, and what was typed is still there."""
    shown = [(site, sum(key.revoked is None for key in desk.store.keys(site.id))) for site in desk.store.sites()]
    page = render_template("sites.html", sites=shown, problem=problem, name=name[:MOST_OF_A_NAME])
    return make_response(page, 422 if problem else 200)


def _what_is_wrong(name: str) -> str:
    if not name:
        return gettext("A site needs a name, such as that of the blog.")
    if len(name) > MOST_OF_A_NAME:
        return gettext(
            "The name has %(number)s characters; at most %(most)s are taken.",
            number=number(len(name)),
            most=number(MOST_OF_A_NAME),
        )
    return "" if name.isprintable() else gettext("The name has a character in it that cannot be seen. Type it anew.")
