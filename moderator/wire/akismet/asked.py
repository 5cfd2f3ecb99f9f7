"""What a form says of a comment, in our words; and by what it is recognised when it comes again."""

import hashlib
import html
import json
import re
import unicodedata
from datetime import UTC, datetime
from typing import Any

from moderator.comment import MOST_LONG, MOST_SECONDS, MOST_SHORT, Comment
from moderator.wire.akismet.form import Form

# The field that WordPress's plugin fills with a number up to 250, and its script with the time in milliseconds.
MOST_WITHOUT_SCRIPT = 250
OWN_ID = "akismet:"
# What the blog wants to hear again when it is told of a verdict later.
ECHOED = ("comment_post_ID", "callback")
TAG = re.compile(r"<[^<>]*>")
ADDRESS = re.compile(r"\bhttps?://[^\s\"'<>\\]{1,2048}", re.IGNORECASE)
NOT_A_WORD = re.compile(r"[\W_]+")
SCHEME = re.compile(r"^https?:", re.IGNORECASE)
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")


def comment_of(form: Form) -> Comment:
    """The comment in a form. Never fails: what is too long is cut, what makes no sense is left out."""
    sent = {
        "body": form.get("comment_content")[:MOST_LONG],
        "author": {
            "name": _short(form, "comment_author"),
            "email": _short(form, "comment_author_email"),
            "url": _short(form, "comment_author_url"),
        },
        "ip": _ip(form),
        "user_agent": _short(form, "user_agent", "comment_agent"),
        # Discourse and pykismet call it content_type.
        "kind": _short(form, "comment_type", "content_type"),
        "post": {"url": _short(form, "permalink")},
        "parent": {"id": _parent(form)},
        "created": _moment(form.get("comment_date_gmt")),
        "language": _language(form.get("blog_lang")),
        "honeypot": _honeypot(form),
        "role": _role(form),
        "behaviour": _behaviour(form),
        "echo": {name: _short(form, name) for name in ECHOED if form.get(name)},
    }
    return Comment.from_json({**sent, "id": own_id(form)}, needs_body=False)


def own_id(form: Form) -> str:
    """An id for a comment that comes without one: the same for the check, a second check, and the feedback.

    Clients send back no id of ours. What stays the same is the post, the IP, who wrote, and the words: a blog may have
    added markup, escaped quotes and put rel="nofollow" to links before it sends them again.
    """
    text = html.unescape(form.get("comment_content")[:MOST_LONG])
    words = _plain(TAG.sub(" ", text))
    told = (
        SCHEME.sub("", form.get("permalink").strip()).rstrip("/") or form.get("comment_post_ID").strip(),
        _ip(form),
        _plain(form.get("comment_author")),
        form.get("comment_author_email").strip().casefold(),
        words or "".join(text.split()),  # signs only
        sorted({address.rstrip("/").casefold() for address in ADDRESS.findall(text)}),
    )
    return OWN_ID + hashlib.sha256(json.dumps(told).encode()).hexdigest()[:40]


def _plain(text: str) -> str:
    return NOT_A_WORD.sub(" ", unicodedata.normalize("NFKC", html.unescape(text)).casefold()).strip()


def _short(form: Form, *names: str) -> str:
    return form.get(*names)[:MOST_SHORT]


def _ip(form: Form) -> str:
    """The commenter's; an IPv4 one that came mapped into IPv6 is the same."""
    ip = _short(form, "user_ip", "comment_author_IP").strip()
    return ip[7:] if ip.lower().startswith("::ffff:") and "." in ip else ip


def _parent(form: Form) -> str:
    parent = form.get("comment_parent").strip()[:255]
    return "" if parent == "0" else parent


def _moment(text: str) -> str | None:
    """As ISO 8601 or MySQL writes it, in UTC; anything else is no time."""
    try:
        moment = datetime.fromisoformat(text.strip()[:40])
        return (moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()
    except (ValueError, OverflowError):
        return None


def _language(text: str) -> str:
    """The blog's language, where it has one only."""
    return text if LANGUAGE.fullmatch(text := text.strip()[:40]) else ""


def _honeypot(form: Form) -> str:
    """What stands in a field that people do not see: in WordPress's own, or in the one that the client names."""
    named = _short(form, "honeypot_field_name")
    return _short(form, "POST_ak_hp_textarea", "ak_hp_textarea", *((named, f"POST_{named}") if named else ()))


def _role(form: Form) -> str:
    roles = [role.strip() for role in _short(form, "user_role").lower().split(",")]
    return "administrator" if "administrator" in roles else roles[0]


def _behaviour(form: Form) -> dict[str, Any]:
    """What WordPress's script saw: whether it ran, and the time from the first key to the sending."""
    seen: dict[str, Any] = {}
    script = _number(form.get("POST_ak_js", "ak_js"))
    if script is not None:
        seen["script"] = script > MOST_WITHOUT_SCRIPT
    begun, sent = _number(form.get("POST_ak_bib", "ak_bib")), _number(form.get("POST_ak_bfs", "ak_bfs"))
    if begun and sent and 0 <= sent - begun <= MOST_SECONDS * 1000:
        seen["seconds"] = (sent - begun) / 1000
    return seen


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None
