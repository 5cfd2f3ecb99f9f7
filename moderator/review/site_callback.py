"""Where a site's blog is told of verdicts: set it, try it out, use it again, clear it."""

from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from moderator.callbacks.errors import CallbackError
from moderator.callbacks.exchange import over_the_network
from moderator.callbacks.kinds import KINDS
from moderator.callbacks.registering import checked, try_out
from moderator.review.admins import NUMBER, site_of
from moderator.review.desk import Desk
from moderator.review.language import gettext
from moderator.review.sites import made, site_page
from moderator.store import Callback, CallbackKind, Purpose, Site
from moderator.store.ids import micros, new_id

# What the sentences of moderator.callbacks say to who types a command, and what is to be done on the page.
CURES = (
    ("leave --stdin out", "leave the field empty"),
    ("give it with --stdin", "type it into the field below"),
    ("say --allow-private", "use `moderator sites callback set … --allow-private` on the machine itself"),
)


def add(blueprint: Blueprint, desk: Desk) -> None:
    """The forms of this section of a site's page."""

    @blueprint.post(f"/sites/<{NUMBER}:site_id>/callback")
    def set_callback(site_id: int) -> AnyResponse:
        site, kind = site_of(desk, site_id), _kind()
        url, secret = request.form.get("url", "").strip(), request.form.get("secret", "").strip() or None
        before = desk.store.callbacks.of(site.id)
        allow_private = _was_allowed(before, url)
        try:
            address = checked(kind, url, allow_private=allow_private, secret=secret)
        except CallbackError as error:
            return _refused(desk, site, str(error))
        if KINDS[kind].secret and secret is None and (before is None or before.kind is not kind):
            missing = f"this kind of blog needs {KINDS[kind].secret}; type it into the field below"
            return _refused(desk, site, missing)
        new = desk.store.callbacks.set(site.id, kind, str(address), allow_private=allow_private, secret=secret)
        if new is None:
            return _back(site)
        about = gettext(
            "With it we sign what is told to %(address)s. The blog needs it to check that it was us.", address=address
        )
        title = gettext("The callback secret of %(site)s", site=site.name)
        return made(site, title, about, new, label=gettext("The secret"))

    @blueprint.post(f"/sites/<{NUMBER}:site_id>/callback/test")
    def test_callback(site_id: int) -> Response:
        site = site_of(desk, site_id)
        found, at = _callback(desk, site), desk.clock()
        secrets = desk.store.secrets.live(site.id, Purpose.CALLBACK)
        try:
            try_out(found, secrets, over_the_network, message_id=new_id(micros(at)), at=at)
        except CallbackError as error:
            return _refused(desk, site, f"the test did not arrive: {error}")
        return site_page(desk, site, about="callback", said=gettext("The blog took the test."))

    @blueprint.post(f"/sites/<{NUMBER}:site_id>/callback/enable")
    def enable_callback(site_id: int) -> AnyResponse:
        site = site_of(desk, site_id)
        _callback(desk, site)
        desk.store.callbacks.enable(site.id)
        return _back(site)

    @blueprint.post(f"/sites/<{NUMBER}:site_id>/callback/clear")
    def clear_callback(site_id: int) -> AnyResponse:
        site = site_of(desk, site_id)
        desk.store.callbacks.clear(site.id)  # cleared already: a second click
        return _back(site)


def _was_allowed(before: Callback | None, url: str) -> bool:
    """Whether private addresses stay allowed: as the command line said, and for the same host alone.

    A page cannot allow them: who takes over a session would reach into the network that this machine stands in.
    """
    if before is None or not before.allow_private:
        return False
    try:
        return urlsplit(url).netloc.lower() == urlsplit(before.url).netloc
    except ValueError:
        return False


def _kind() -> CallbackKind:
    try:
        return CallbackKind(request.form.get("kind", ""))
    except ValueError:
        abort(400)


def _callback(desk: Desk, site: Site) -> Callback:
    found = desk.store.callbacks.of(site.id)
    if found is None:
        abort(404)
    return found


def _refused(desk: Desk, site: Site, why: str) -> Response:
    """422 with the sentence; its cure is told for this page, where it is an option of the command."""
    for command, here in CURES:
        why = why.replace(command, here)
    return site_page(desk, site, f"{why[0].upper()}{why[1:]}.", status=422, about="callback")


def _back(site: Site) -> AnyResponse:
    return redirect(f"/sites/{site.id}#callback", code=303)
