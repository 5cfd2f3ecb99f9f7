"""What a form says of a comment, in our words; and by what it is recognised when it comes again."""

import hmac
import json
import re
from datetime import UTC, datetime

from moderator.comment import (
    MOST_ID,
    MOST_LONG,
    MOST_SECONDS,
    MOST_SHORT,
    UNSEEN,
    Author,
    Behaviour,
    Comment,
    Parent,
    Post,
    clean,
)
from moderator.unicode import composed, unescaped
from moderator.wire.akismet.form import Form

# The field that WordPress's plugin fills with a number up to 250, and its script with the time in milliseconds.
MOST_WITHOUT_SCRIPT = 250
OWN_ID = "akismet:"
MOST_READ = 65_536  # as WordPress keeps; what comes after is told apart to the letter
NO_PARENT = Parent()
TAG = re.compile(r"<[^<>]*>")
# Also one without a scheme: exchanging what a link leads to makes another comment.
ADDRESS = re.compile(
    r"(?://|\bhref\s{0,9}=\s{0,9}[\"']?(?:https?:)?/{0,9})([^\s\"'<>\\/][^\s\"'<>\\]{0,2047})", re.IGNORECASE
)
LIBRARY = re.compile(r"\| ?Akismet/")  # "Generic Node.js/1.0.0 | Akismet/3.1.7", from npm's akismet
NOT_A_WORD = re.compile(r"[\W_]+")
SCHEME = re.compile(r"^https?:", re.IGNORECASE)
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")


def comment_of(form: Form, key: bytes) -> Comment:
    """The comment in a form, its id made with ``key``. Never fails: what is too long is cut, what makes no sense is
    left out."""
    ip, body = _ip(form), clean(form.get("comment_content")[:MOST_LONG])
    author = Author(
        _short(form, "comment_author"), _short(form, "comment_author_email"), _short(form, "comment_author_url")
    )
    post = Post(_short(form, "permalink"))
    return Comment(
        body,
        id=own_id(body, ip, author, post.url or form.get("comment_post_ID"), key=key),
        author=author,
        ip=ip,
        user_agent=_agent(form),
        # Discourse and pykismet call it content_type.
        kind=_word(form.get("comment_type", "content_type")) or "comment",
        post=post,
        parent=_parent(form),
        created=_moment(form.get("comment_date_gmt")),
        language=_language(form.get("blog_lang")),
        honeypot=_honeypot(form),
        role=_role(form),
        behaviour=_behaviour(form),
    )


def own_id(body: str, ip: str, author: Author, post: str, *, key: bytes) -> str:
    """An id for a comment that comes without one: the same for the check, a second check, and the feedback.

    Clients send back no id of ours. What stays the same is the post, the IP, who wrote, and the words: a blog may have
    added markup, escaped quotes and put rel="nofollow" to links before it sends them again.
    With a key, as who has the database could else try all IP addresses.
    """
    text, rest = unescaped(body[:MOST_READ]), body[MOST_READ:]
    told = (
        SCHEME.sub("", post.strip()).rstrip("/"),
        ip,
        _plain(author.name),
        author.email.strip().casefold(),
        _plain(TAG.sub(" ", text)) or "".join(text.split()),  # signs only
        sorted({address.rstrip("/").casefold() for address in ADDRESS.findall(text)}),
        *([rest] if rest else ()),
    )
    return OWN_ID + hmac.digest(key, json.dumps(told).encode(), "sha256").hex()[:40]


def _plain(text: str) -> str:
    return NOT_A_WORD.sub(" ", composed(unescaped(text)).casefold()).strip()


def _short(form: Form, *names: str) -> str:
    return clean(form.get(*names)[:MOST_SHORT])


def _ip(form: Form) -> str:
    """The commenter's; an IPv4 one that came mapped into IPv6 is the same."""
    ip = _short(form, "user_ip", "comment_author_IP").strip()
    return ip[7:] if ip.lower().startswith("::ffff:") and "." in ip else ip


def _agent(form: Form) -> str:
    """The commenter's program; a library that was given none writes its own name there, which says nothing of them."""
    agent = _short(form, "user_agent", "comment_agent")
    return "" if LIBRARY.search(agent) else agent


def _parent(form: Form) -> Parent:
    parent = clean(form.get("comment_parent").strip()[:MOST_ID])
    return NO_PARENT if parent in ("", "0") else Parent(parent)


def _moment(text: str) -> datetime | None:
    """As ISO 8601 or MySQL writes it, in UTC; anything else is no time."""
    try:
        moment = datetime.fromisoformat(text.strip()[:40])
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
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
    """WordPress has a list of them."""
    roles = [_word(role) for role in form.get("user_role")[:MOST_SHORT].split(",")]
    return "administrator" if "administrator" in roles else roles[0]


def _word(text: str) -> str:
    """A name of something, in lower case; which can be longer, so it is cut well below what is taken."""
    return clean(text.strip()[:MOST_ID]).lower()


def _behaviour(form: Form) -> Behaviour:
    """What WordPress's script saw: whether it ran, and the time from the first key to the sending."""
    script, begun, sent = (_number(form.get(f"POST_ak_{name}", f"ak_{name}")) for name in ("js", "bib", "bfs"))
    if script is None and begun is None:
        return UNSEEN
    seconds = (sent - begun) / 1000 if begun and sent and 0 <= sent - begun <= MOST_SECONDS * 1000 else None
    return Behaviour(seconds, script > MOST_WITHOUT_SCRIPT if script is not None else None)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None
