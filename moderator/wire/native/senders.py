"""Who sends: a site by its key, or a site by its signature; and what of the request is to happen once."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from flask import Request

from moderator.comment import clean
from moderator.store import Clock, Purpose, Receipt, Site, Store
from moderator.store.sites import SHOWN
from moderator.wire.json_body import JSON, read_body
from moderator.wire.limits import Limits
from moderator.wire.native import once, signatures
from moderator.wire.native.signatures import CHALLENGE
from moderator.wire.problems import Problem

SCHEME = "Bearer "


class Received(NamedTuple):
    """A request that is its site's: the raw body, by what names it happens once, and whether it is signed."""

    site: Site
    body: bytes
    once: Sequence[Receipt]
    signed: bool


class Senders:
    """Knows the sites."""

    def __init__(self, store: Store, clock: Clock, limits: Limits) -> None:
        self._store = store
        self._clock = clock
        self._limits = limits

    def by_key(self, environ: Mapping[str, Any]) -> Site:
        """Whose key the request carries. Problem 401 or 429.

        Found by the key's digest, so that no comparison tells how much of it fits.
        """
        sent = environ.get("HTTP_AUTHORIZATION", "")
        if sent[:7].title() != SCHEME:
            raise Problem(
                401,
                "the site's key is missing",
                kind="no-key",
                cure="send the header Authorization: Bearer mk_… with the key that `moderator sites add` printed",
                headers=[CHALLENGE],
            )
        address, key = environ.get("REMOTE_ADDR", ""), sent[7:].strip()
        shut_out = self._limits.shuts_out(address)
        site = self._store.site_by_known_key(key) if shut_out else self._store.site_by_key(key)
        if site is None:
            if shut_out:
                raise self._limits.too_many_wrong()
            self._limits.wrong_key(address)
            raise Problem(
                401,
                "no site has this key, or it was revoked",
                kind="wrong-key",
                cure="see `moderator sites list`, or make another with `moderator sites key add`",
                headers=[(CHALLENGE[0], f'{CHALLENGE[1]}, error="invalid_token"')],
            )
        self._limits.site(site.id)
        return site

    def last_known(self, environ: Mapping[str, Any]) -> Site | None:
        """Whose key it was when the store last answered; None where it is not known, or the request has none."""
        sent = str(environ.get("HTTP_AUTHORIZATION", ""))
        return self._store.site_last_known(sent[len(SCHEME) :].strip()) if sent[:7].title() == SCHEME else None

    def key_shown(self, environ: Mapping[str, Any]) -> str:
        """The first characters of the key that a request carries, as keys are shown."""
        return clean(str(environ.get("HTTP_AUTHORIZATION", ""))[len(SCHEME) :].strip()[:SHOWN])

    def receive(self, request: Request, *, most_bytes: int, types: Sequence[str] = JSON) -> Received:
        """The request with its body. Problem 401, 413, 415 or 400.

        A key is enough, so where there is one a signature is not looked at.
        """
        environ = request.environ
        if "HTTP_WEBHOOK_SIGNATURE" not in environ or "HTTP_AUTHORIZATION" in environ:
            site, signed = self.by_key(environ), False
            body = read_body(environ, most_bytes=most_bytes, types=types)
            if "HTTP_IDEMPOTENCY_KEY" not in environ:
                return Received(site, body, (), signed)
            receipts = []
        else:
            message = signatures.read(environ, now=self._clock().timestamp())
            body = read_body(environ, most_bytes=most_bytes, types=types)
            site, signed = self._by_signature(clean(request.args.get("site", "")), message, body), True
            self._limits.site(site.id)
            receipts = [Receipt(f"message {message.id}", once.fingerprint(environ, body), message.timestamp)]
        if "HTTP_IDEMPOTENCY_KEY" in environ:
            key = once.key_of(environ["HTTP_IDEMPOTENCY_KEY"])
            receipts.append(Receipt(f"key {key}", once.fingerprint(environ, body)))
        return Received(site, body, receipts, signed)

    def _by_signature(self, name: str, message: signatures.Message, body: bytes) -> Site:
        """The site that the address names, if one of its secrets signed the body."""
        if not name:
            raise signatures.refused(
                "a signed message must name its site", cure="add ?site=NAME to the address, or send the site's key"
            )
        site, secrets = self._store.secrets.live_of(name, Purpose.WEBHOOK)
        if not signatures.fits(message, body, secrets) or site is None:
            raise signatures.refused(
                "no live secret of this site made the signature over these bytes",
                cure="sign webhook-id.webhook-timestamp.body, byte for byte, with the secret that "
                "`moderator sites secret add` printed",
            )
        return site
