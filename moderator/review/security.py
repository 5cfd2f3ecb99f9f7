"""Headers, cookies, forms that cannot be forged, and where a redirect may lead."""

import hashlib
import hmac
import re
import secrets
from urllib.parse import unquote, urlsplit

from flask import Request, Response, current_app
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from moderator.settings import Settings

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
)
# Referrer-Policy is not no-referrer: browsers would send "Origin: null" with our own forms, and the check of the
# origin could not tell them from forged ones. To other sites both send nothing.
HEADERS = (
    ("Content-Security-Policy", CONTENT_SECURITY_POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cache-Control", "no-store"),
)
# Files of ours carry a digest of their content in the address, so they may be kept.
STATIC_CACHE = "public, max-age=31536000, immutable"

SESSION, VISITOR = "moderator", "moderator-visitor"
MOST_OF_A_COOKIE = 4096
NEXT = re.compile(r"/(?![/\\])[^\x00-\x20\x7f\\]{0,1999}", re.ASCII)
PAGES = frozenset(
    {
        "review.queue",
        "review.comment",
        "review.callbacks",
        "review.sites",
        "review.site",
        "review.policy",
        "review.people",
        "review.account",
        "review.keys",
        "review.insights_page",
    }
)


def dress(response: Response, *, cache: str = "no-store") -> Response:
    """The response with all headers that each of our pages has."""
    for name, value in HEADERS:
        response.headers[name] = value
    response.headers["Cache-Control"] = cache
    return response


def is_secure(request: Request, settings: Settings) -> bool:
    """Whether the browser speaks https to us, or to the proxy that ``public_url`` names."""
    return request.is_secure or settings.public_url.startswith("https://")


def cookie_name(name: str, *, secure: bool) -> str:
    """With https the browser itself sees to it that no other host or path has set the cookie (``__Host-``).

    Without https browsers refuse that prefix and Secure (but for some on localhost), and the first start, on
    http://127.0.0.1, must be able to log in: there the cookie has its plain name and no Secure. The two names are never
    taken for each other.
    """
    return f"__Host-{name}" if secure else name


def get_cookie(request: Request, settings: Settings, name: str) -> str:
    """The value of one of our cookies, or nothing."""
    value = request.cookies.get(cookie_name(name, secure=is_secure(request, settings)), "")
    return value if len(value) <= MOST_OF_A_COOKIE else ""


def set_cookie(response: Response, request: Request, settings: Settings, name: str, value: str) -> None:
    """Give the browser one of our cookies until it is closed; an empty value takes it away."""
    secure = is_secure(request, settings)
    response.set_cookie(
        cookie_name(name, secure=secure),
        value,
        max_age=None if value else 0,
        path="/",
        secure=secure,
        httponly=True,
        samesite="Lax",
    )


def sign(key: bytes, purpose: str, text: str) -> str:
    """An HMAC-SHA256 (hex) that fits only this purpose."""
    return hmac.new(key, f"{purpose}\n{text}".encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def form_token(key: bytes) -> str:
    """A token for the forms of one page, bound to the key: a session's secret, or that of a visitor's cookie."""
    nonce = secrets.token_urlsafe(9)
    return f"{nonce}.{sign(key, 'form', nonce)}"


def token_fits(key: bytes, token: str) -> bool:
    """Whether :func:`form_token` made it with this key."""
    nonce, _, signature = token.partition(".")
    return hmac.compare_digest(sign(key, "form", nonce).encode(), signature.encode("utf-8", "replace"))


def visitor_key(secret: bytes, visitor: str) -> bytes:
    """The key of the forms of someone who has not logged in, by the random value in their cookie."""
    return sign(secret, "visitor", visitor).encode()


def comes_from_us(request: Request, settings: Settings) -> bool:
    """Whether the browser says that a page of ours sent this form; browsers too old to say count on the token alone."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin")
    if origin is None:
        return True
    try:
        # The host, not the scheme: behind a proxy that we were not told of we are spoken to in http.
        host = urlsplit(origin).netloc.lower()
    except ValueError:
        return False
    ours = {request.host.lower(), urlsplit(settings.public_url).netloc.lower()} - {""}
    return origin.startswith(("http://", "https://")) and host in ours


def safe_next(wanted: str | None) -> str:
    """``wanted`` if it is the path of a page of ours, with its query; else the queue."""
    if not wanted or not NEXT.fullmatch(wanted) or not NEXT.fullmatch(unquote(wanted)[:2000].replace(" ", "+")):
        return "/"
    try:
        endpoint, _ = current_app.url_map.bind("localhost").match(urlsplit(wanted).path, method="GET")
    except (HTTPException, RequestRedirect, ValueError):
        return "/"
    return wanted if endpoint in PAGES else "/"
