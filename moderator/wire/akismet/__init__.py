"""Akismet's protocol, versions 1.1 and 1.2, as its clients speak it: WordPress and a hundred others, unchanged.

Sources: the vendor's documentation (akismet.com/developers) and its OpenAPI description (Automattic/akismet-sdk-php,
spec.yml); and what the clients themselves compare, which is told in docs/protocols/akismet.md.
"""

import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, request

from moderator.comment import Action, Comment, Word, clean
from moderator.faults import log_fault
from moderator.moderation import Moderator, StoreUnavailable
from moderator.store import Clock, Remembered, Site, Store, StoreError, TooManyAttempts
from moderator.wire.akismet import account, answers
from moderator.wire.akismet.answers import plain
from moderator.wire.akismet.asked import comment_of
from moderator.wire.akismet.form import Form, Refused, read_form
from moderator.wire.limits import Limits
from moderator.wire.problems import Problem

KEY = re.compile(r"[0-9a-f]{12}")
MOST_OF_A_NAME = 255
FORM = Form({})


@dataclass(frozen=True, slots=True)
class Door:
    """What the endpoints are given. ``pepper`` is the installation's secret, over which the keys are kept."""

    store: Store
    moderator: Moderator
    clock: Clock
    limits: Limits
    pepper: bytes
    most_bytes: int


@dataclass(slots=True)
class Call:
    """One request: its fields, and the key where it is, as far as they are known by now."""

    endpoint: str
    environ: Mapping[str, Any]
    key_in_path: str
    form: Form = FORM
    key: str = ""

    @property
    def is_check(self) -> bool:
        """Whether a comment waits for the answer."""
        return self.endpoint == "1.1/comment-check"


# The endpoints


def verify_key(door: Door, call: Call) -> Response:
    """Whether the key is right."""
    _site(door, call)
    return plain(answers.VALID)


def comment_check(door: Door, call: Call) -> Response:
    """Whether a comment is spam; kept, but for tests and for what is only announced yet."""
    site, comment = _site(door, call), comment_of(call.form, door.pepper)
    if call.form.says("akismet_pre_check"):
        # WordPress asks so of a pingback before it has read it, and asks again after; only what is sure stops it.
        is_spam = door.moderator.try_out(site, comment).action is Action.REJECT
        guid = (answers.GUID, answers.new_guid())
        return plain(answers.SPAM if is_spam else answers.HAM, headers=[guid])
    if call.form.says("is_test"):
        return answers.tried(door.moderator.try_out(site, comment), site.doors)
    if call.form.get("recheck_reason"):
        known = door.store.comment_by_external_id(site, comment.id)
        if known is not None and known.verdict is not None:  # what a human said stands
            said = Remembered(known.id, known.decision, known.status, known.version, known=True, edited=False)
            return answers.checked(said, site.doors)
    return answers.checked(door.moderator.judge(site, comment), site.doors)


def submit_spam(door: Door, call: Call) -> Response:
    """A human on the blog's side calls it spam."""
    return _learn(door, call, Word.SPAM)


def submit_ham(door: Door, call: Call) -> Response:
    """A human on the blog's side calls it a good comment."""
    return _learn(door, call, Word.HAM)


def deactivate(door: Door, call: Call) -> Response:
    """The plugin is switched off; the key stays, as it may be switched on again."""
    _site(door, call)
    return plain(answers.DEACTIVATED)


def test(door: Door, call: Call) -> Response:
    """Whether we can be reached."""
    return plain(answers.CONNECTED)


def token(door: Door, call: Call) -> Response:
    """An opaque text that stands for the account, and opens nothing here."""
    told = f"akismet token\n{_site(door, call).id}".encode()
    return plain(hmac.digest(door.pepper, told, "sha256").hex()[:32])


def get_subscription(door: Door, call: Call) -> Response:
    """What account the key belongs to."""
    return account.subscription(_site(door, call))


def get_stats(door: Door, call: Call) -> Response:
    """The site's figures."""
    return account.stats(door.store, _site(door, call), call.form, now=door.clock())


def usage_limit(door: Door, call: Call) -> Response:
    """How much of its limit the key has used; there is none."""
    return account.usage(door.store, _site(door, call), call.form, now=door.clock())


def key_sites(door: Door, call: Call) -> Response:
    """The sites of a key, with the figures of a month."""
    site = _site(door, call)
    return account.sites(door.store, site, call.form, now=door.clock(), key=call.key)


def compatible_plugins(door: Door, call: Call) -> Response:
    """Plugins of which the service knows something special; we know of none."""
    return plain("[]")


Endpoint = Callable[[Door, Call], Response]
POST, ANY = ("POST",), ("GET", "POST")

ENDPOINTS: Mapping[str, tuple[tuple[str, ...], Endpoint]] = {
    # Comments.
    "1.1/verify-key": (POST, verify_key),
    "1.1/comment-check": (POST, comment_check),
    "1.1/submit-spam": (POST, submit_spam),
    "1.1/submit-ham": (POST, submit_ham),
    # What WordPress asks beside them.
    "1.1/deactivate": (POST, deactivate),
    "1.1/test": (ANY, test),
    "1.1/token": (POST, token),
    "1.1/get-subscription": (POST, get_subscription),
    "1.1/get-stats": (POST, get_stats),
    # The younger version.
    "1.2/usage-limit": (ANY, usage_limit),
    "1.2/key-sites": (ANY, key_sites),
    "1.2/compatible-plugins": (ANY, compatible_plugins),
}


def blueprint(
    store: Store, moderator: Moderator, clock: Clock, limits: Limits, *, pepper: bytes, most_bytes: int
) -> Blueprint:
    """All endpoints, under ``/1.1``, ``/1.2``, and the same under ``/k/KEY``."""
    door = Door(store, moderator, clock, limits, pepper, most_bytes)
    routes = Blueprint("akismet", __name__)
    every = ["GET", "POST", "PUT", "PATCH", "DELETE"]

    @routes.route("/<any('1.1', '1.2'):version>/<path:name>", methods=every)
    @routes.route("/k/<key>/<any('1.1', '1.2'):version>/<path:name>", methods=every)
    def ask(version: str, name: str, key: str = "") -> Response:
        call = Call(f"{version}/{name.rstrip('/')}", request.environ, key)
        try:
            return _answer(door, call)
        except Refused as why:
            return answers.refused(why, check=call.is_check)
        except (StoreError, StoreUnavailable, Problem):  # a Problem: the site sends more than it may
            return _unavailable(door, call)
        except Exception as error:
            log_fault("answering an Akismet request", error)
            return _unavailable(door, call)

    return routes


def _answer(door: Door, call: Call) -> Response:
    methods, endpoint = ENDPOINTS.get(call.endpoint, ((), None))
    if endpoint is None:
        raise Refused("there is no such endpoint in the versions 1.1 and 1.2", status=404)
    if call.environ["REQUEST_METHOD"] not in methods:
        answer = answers.refused(Refused(f"send it by {' or '.join(methods)}", status=405), check=call.is_check)
        answer.headers["Allow"] = ", ".join(methods)
        return answer
    call.form = read_form(call.environ, most_bytes=door.most_bytes)
    return endpoint(door, call)


def _unavailable(door: Door, call: Call) -> Response:
    site = door.store.akismet_keys.last_known(call.key)
    asks_again = call.environ.get("HTTP_USER_AGENT", "").startswith("WordPress/")
    return answers.unavailable(site.doors if site else None, check=call.is_check, asks_again=asks_again)


def _site(door: Door, call: Call) -> Site:
    """Whose key the request carries. Raises Refused."""
    call.key = _key(call)
    address = call.environ.get("REMOTE_ADDR", "")
    try:
        site = door.store.akismet_keys.site_of(call.key, pepper=door.pepper, address=address)
    except TooManyAttempts as error:
        why = f"too many wrong keys came from there; wait {error.wait} s"
        raise Refused(why, body="wait", status=429, retry_after=error.wait) from None
    if site is None:
        raise Refused("no site has this key, or it was revoked; see `moderator sites akismet-key list`")
    door.limits.site(site.id)
    return site


def _key(call: Call) -> str:
    """The key, from where clients put it.

    ``key`` comes before ``api_key``: WordPress sends a new key in the one while the old one is still in the other.
    """
    host = call.environ.get("HTTP_HOST", "").partition(":")[0].lower()
    label, dot, _ = host.partition(".")
    in_host = label if dot and KEY.fullmatch(label) else ""
    key = (call.form.get("key", "api_key").strip() or call.key_in_path or in_host).lower()
    if not key:
        raise Refused("the key is missing; send it as api_key, or as the first label of the host name")
    if not KEY.fullmatch(key):
        raise Refused("a key has 12 characters from 0 to 9 and a to f; see `moderator sites akismet-key add`")
    return key


def _learn(door: Door, call: Call, word: Word) -> Response:
    site, comment = _site(door, call), comment_of(call.form, door.pepper)
    if not call.form.says("is_test"):
        comment_id = _recognised(door.store, site, call.form, comment)
        if comment_id is None:
            if not (comment.body.strip() or comment.author.name or comment.author.url):
                raise Refused("there is nothing to learn from; send comment_content as it was checked")
            comment_id = door.moderator.judge(site, comment).id  # never seen: it teaches all the same
        by = clean(call.form.get("reporter")).strip()[:MOST_OF_A_NAME] or "the blog"
        door.moderator.learn(site, comment_id, word, by=by, door="akismet")
    return plain(answers.THANKS)


def _recognised(store: Store, site: Site, form: Form, comment: Comment) -> str | None:
    """Our id of the comment that is spoken of: by the guid of our answer where it comes back, else by what it is."""
    guid = clean(form.get("guid", "akismet_guid").strip()[:64])
    known = (store.comment(site, guid) if guid else None) or store.comment_by_external_id(site, comment.id)
    return known.id if known is not None else None
