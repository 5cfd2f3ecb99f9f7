"""A site's keys and shared secrets: made and shown once, two of a kind live at a time, revoked by number."""

from flask import Blueprint, Response, abort, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from moderator import settings as all_settings
from moderator.review.admins import NUMBER, is_first, site_of
from moderator.review.desk import Desk
from moderator.review.language import gettext, marked
from moderator.review.sites import made, site_page
from moderator.store import Purpose, Site, TooManyLive

SENT_BEFORE = marked(
    "This form was sent before, so nothing was made a second time. What it made was shown then; if you have not got "
    "it, revoke it below and make another."
)
TWO_ARE_LIVE = marked(
    "Two are live already, which is the most. Revoke the one that the blog no longer uses, then make another."
)
MOST_OF_A_SECRET = 500


def add(blueprint: Blueprint, desk: Desk) -> None:
    """The forms of these three sections of a site's page."""

    @blueprint.post(f"/sites/<{NUMBER}:site_id>/keys")
    def add_key(site_id: int) -> Response:
        site = site_of(desk, site_id)
        if not is_first(desk, site):
            return site_page(desk, site, gettext(SENT_BEFORE), status=409, about="keys")
        about = gettext(
            "The old keys stay valid. Give the blog this one, see that its comments arrive, then revoke the old."
        )
        try:
            key = desk.store.add_key(site.id)
        except TooManyLive:
            return _two_are_live(desk, site, "keys")
        return made(site, gettext("Another key of %(site)s", site=site.name), about, key)

    @blueprint.post(f"/sites/<{NUMBER}:site_id>/keys/<{NUMBER}:key_id>/revoke")
    def revoke_key(site_id: int, key_id: int) -> AnyResponse:
        _one_of(key_id, {key.id for key in desk.store.keys(site_id)})
        desk.store.revoke_key(key_id)
        return redirect(f"/sites/{site_id}#keys", code=303)

    @blueprint.post(f"/sites/<{NUMBER}:site_id>/akismet-keys")
    def add_akismet_key(site_id: int) -> Response:
        site = site_of(desk, site_id)
        if not is_first(desk, site):
            return site_page(desk, site, gettext(SENT_BEFORE), status=409, about="akismet")
        try:
            key = desk.store.akismet_keys.add(site.id, pepper=all_settings.secret(desk.settings.data))
        except TooManyLive:
            return _two_are_live(desk, site, "akismet")
        about = gettext("The old ones stay valid until you revoke them.")
        return made(site, gettext("An Akismet key of %(site)s", site=site.name), about, key)

    @blueprint.post(f"/sites/<{NUMBER}:site_id>/akismet-keys/<{NUMBER}:key_id>/revoke")
    def revoke_akismet_key(site_id: int, key_id: int) -> AnyResponse:
        _one_of(key_id, {key.id for key in desk.store.akismet_keys.listed(site_id)})
        desk.store.akismet_keys.revoke(key_id)
        return redirect(f"/sites/{site_id}#akismet", code=303)

    @blueprint.post(f"/sites/<{NUMBER}:site_id>/secrets")
    def add_secret(site_id: int) -> AnyResponse:
        site, purpose = site_of(desk, site_id), _purpose()
        given = request.form.get("secret", "").strip()
        problem = _what_is_wrong(purpose, given)
        if problem:
            return site_page(desk, site, problem, status=422, about="secrets")
        if not is_first(desk, site):
            return site_page(desk, site, gettext(SENT_BEFORE), status=409, about="secrets")
        try:
            secret = desk.store.secrets.add(site.id, purpose, given or None)
        except TooManyLive:
            return _two_are_live(desk, site, "secrets")
        if given:
            return redirect(f"/sites/{site.id}#secrets", code=303)
        about = gettext("The other side needs it too. Earlier secrets stay valid until you revoke them.")
        title = gettext("A %(purpose)s secret of %(site)s", purpose=purpose.value, site=site.name)
        return made(site, title, about, secret, label=gettext("The secret"))

    @blueprint.post(f"/sites/<{NUMBER}:site_id>/secrets/<{NUMBER}:secret_id>/revoke")
    def revoke_secret(site_id: int, secret_id: int) -> AnyResponse:
        _one_of(secret_id, {secret.id for secret in desk.store.secrets.listed(site_id)})
        desk.store.secrets.revoke(secret_id)
        return redirect(f"/sites/{site_id}#secrets", code=303)


def _two_are_live(desk: Desk, site: Site, about: str) -> Response:
    return site_page(desk, site, gettext(TWO_ARE_LIVE), status=409, about=about)


def _purpose() -> Purpose:
    try:
        return Purpose(request.form.get("purpose", ""))
    except ValueError:
        abort(400)


def _what_is_wrong(purpose: Purpose, given: str) -> str:
    """What is made here is right for all but Coral, which makes its own; other secrets of others come by command."""
    if purpose is not Purpose.CORAL:
        return gettext("Leave the secret empty: one is made, and shown to you.") if given else ""
    if not given:
        return gettext("Coral makes the secret. Copy it from the phase’s configuration in Coral’s administration.")
    if len(given) > MOST_OF_A_SECRET or not given.isprintable():
        return gettext("That is no secret of Coral’s. Copy it from there once more, without anything around it.")
    return ""


def _one_of(number: int, numbers: set[int]) -> None:
    """404 for the number of another site's, or of none."""
    if number not in numbers:
        abort(404)
