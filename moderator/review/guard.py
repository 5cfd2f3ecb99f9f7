"""Who may in: before each page the session and the form's token, after each the headers."""

import re
import secrets
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, g, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from moderator.review import security
from moderator.review.desk import Desk, limited_to
from moderator.review.errors import AllSitesOnly

# Pages for those who are not logged in; their forms are bound to a cookie of the visitor's own.
OPEN = frozenset(
    {"review.login", "review.set_password", "review.static", "review.digest_link", "review.digest_verdict"}
)
# What a page asks by itself, also where nobody sits at it.
BY_ITSELF = frozenset({"review.arrived"})
MOST_OF_A_FORM = 65_536
COMMENT_ID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")


def add(blueprint: Blueprint, desk: Desk) -> None:
    """Let nobody past who may not."""

    @blueprint.before_request
    def let_in() -> AnyResponse | None:
        request.max_content_length = MOST_OF_A_FORM
        g.session, g.token, g.visitor = None, "", ""
        if request.endpoint == "review.static":
            return None
        g.token = security.get_cookie(request, desk.settings, security.SESSION)
        if g.token:
            used = request.endpoint not in BY_ITSELF
            g.session = desk.store.session(g.token, idle=desk.idle, absolute=desk.absolute, used=used)
        if g.session is None and request.endpoint not in OPEN:
            return redirect(_to_login(), code=303)
        if request.method == "POST":
            _check_form(desk)
        _check_sites(desk)
        return None

    @blueprint.after_request
    def dressed(response: Response) -> Response:
        if request.endpoint == "review.static" and response.status_code in (200, 304):
            return security.dress(response, cache=security.STATIC_CACHE)
        if g.get("new_visitor"):
            security.set_cookie(response, request, desk.settings, security.VISITOR, g.new_visitor)
        return security.dress(response)


def _check_sites(desk: Desk) -> None:
    """404 where a comment that the address or the form names is of a site that is not theirs to see.

    Here and not on each page, so that none can forget it: whatever names a comment names it by its id.
    """
    own = limited_to()
    if own is None:
        return
    said = [str(value) for value in (request.view_args or {}).values()]
    said += [value for name, value in request.form.items(multi=True) if name not in ("token", "next", "anchor")]
    ids = [found for text in said for found in COMMENT_ID.findall(text[:MOST_OF_A_FORM])]
    if ids and not desk.store.sites_of(ids) <= set(own):
        abort(404)
    if request.path.startswith("/callbacks"):
        raise AllSitesOnly


def _to_login() -> str:
    """The login page, which leads back here, or for a form back to the page that it stood on."""
    if request.method == "POST":
        wanted = security.safe_next(request.form.get("next"))
    else:
        wanted = security.safe_next(request.full_path.rstrip("?"))
    return url_for("review.login") + ("" if wanted == "/" else "?" + urlencode({"next": wanted}))


def _check_form(desk: Desk) -> None:
    if not security.comes_from_us(request, desk.settings):
        abort(403)
    if request.mimetype not in ("application/x-www-form-urlencoded", "multipart/form-data"):
        abort(403)
    key = form_key(desk, new=False)
    if key is None or not security.token_fits(key, request.form.get("token", "")):
        abort(403)


def form_key(desk: Desk, *, new: bool) -> bytes | None:
    """What the tokens of this request's forms are made with; ``new`` gives a visitor without a cookie one."""
    if g.get("session") is not None:
        return str(g.session.csrf).encode()
    visitor = g.get("new_visitor") or security.get_cookie(request, desk.settings, security.VISITOR)
    if not visitor and new:
        visitor = g.new_visitor = secrets.token_urlsafe(32)
    return security.visitor_key(desk.secret, visitor) if visitor else None


def token(desk: Desk) -> str:
    """The token for this page's forms."""
    if "form_token" not in g:
        key = form_key(desk, new=True)
        assert key is not None  # a new visitor gets one
        g.form_token = security.form_token(key)
    return str(g.form_token)
