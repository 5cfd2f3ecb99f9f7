"""The daily letter: what is held, alike ones together, with links that lead to one button.

A link in a letter acts only by POST: mail scanners and previews follow every link there is. It names the comments at
the versions that the letter showed, whose word it is, and until when it is good, and it is signed with the
installation's secret; whoever has the letter can use it, so it can give verdicts on those comments and no more.
"""

import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from urllib.parse import urlsplit

from flask import Flask, render_template
from flask_babel import force_locale

from moderator.comment import Status, Word
from moderator.reading import read
from moderator.review.desk import Desk
from moderator.review.language import FORMATS, LANGUAGES, ngettext
from moderator.review.security import sign
from moderator.review.shown import short
from moderator.store import Delivery, Filter, Order, Person, StoredComment

LIFE = timedelta(days=3)
LOOKED_AT, MOST_GROUPS, MOST_IN_A_LINK = 400, 12, 15
WORDS = (Word.HAM, Word.SPAM, Word.UNWANTED)
ADDRESS = re.compile(r"[^@\s<>\",;:]{1,64}@[^@\s<>\",;:]{1,255}")
TOKEN = re.compile(
    r"(\d{1,12})~(ham|spam|unwanted)~(\d{1,12})((?:~[0-9A-HJKMNP-TV-Z]{26}\.\d{1,9}){1,15})~([0-9a-f]{64})", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Told:
    """What a link asks for."""

    person_id: int
    word: Word
    until: datetime
    versions: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Group:
    """Comments that say the same, the newest first."""

    comments: tuple[StoredComment, ...]

    @property
    def first(self) -> StoredComment:
        """The one that is shown for all."""
        return self.comments[0]


def link_for(secret: bytes, person: Person, word: Word, group: Group, *, until: datetime) -> str:
    """The token of a link that gives a word on the comments of a group."""
    named = "".join(f"~{one.id}.{one.version}" for one in group.comments[:MOST_IN_A_LINK])
    text = f"{person.id}~{word.value}~{int(until.timestamp())}{named}"
    return f"{text}~{sign(secret, 'digest', text)}"


def told_by(secret: bytes, token: str) -> Told | None:
    """What a token asks for, also where its time is over; None where we did not make it."""
    found = TOKEN.fullmatch(token)
    if found is None or not hmac.compare_digest(sign(secret, "digest", token.rpartition("~")[0]), found[5]):
        return None
    named = (part.partition(".") for part in found[4].split("~")[1:])
    versions = {comment_id: int(version) for comment_id, _, version in named}
    return Told(int(found[1]), Word(found[2]), datetime.fromtimestamp(int(found[3]), UTC), versions)


def grouped(comments: Sequence[StoredComment]) -> tuple[Group, ...]:
    """By campaign, else alike in their words, whatever links, names and figures; the largest first, then the newest."""
    alike: dict[tuple[int, str], list[StoredComment]] = {}
    for stored in comments:
        same = f"{stored.campaign}" if stored.campaign is not None else ""
        if not same:
            same = " ".join(word for word in read(stored.comment).words if word.isalpha())
        alike.setdefault((stored.site_id, same or stored.id), []).append(stored)
    return tuple(sorted((Group(tuple(found)) for found in alike.values()), key=lambda group: -len(group.comments)))


class Digest:
    """Letters for those who want them. ``base`` is the address under which people reach us."""

    def __init__(self, app: Flask, desk: Desk, base: str) -> None:
        self._app, self._desk, self._base = app, desk, base

    def readers(self) -> tuple[Person, ...]:
        """Who wants a letter and has an address to send it to: a login that is one."""
        return tuple(
            person
            for person in self._desk.store.people()
            if person.digest and person.disabled is None and ADDRESS.fullmatch(person.login)
        )

    def letter(self, person: Person) -> EmailMessage | None:
        """What is held of the sites that they may see; None where nothing is."""
        which = Filter(site_ids=person.site_ids)
        page = self._desk.store.queue(which, Order.NEWEST, limit=LOOKED_AT)
        if not page.comments:
            return None
        groups = grouped(page.comments)
        now = self._desk.clock()
        number = sum(self._held(site.id) for site in self._desk.store.sites() if person.may_see(site.id))
        language = person.language if person.language in LANGUAGES else "en"
        with self._app.app_context(), force_locale(FORMATS.get(language, language)):
            subject = ngettext("%(num)s comment waits for you", "%(num)s comments wait for you", number)
            values = {
                "number_held": number,
                "groups": groups[:MOST_GROUPS],
                "more": len(groups) - len(groups[:MOST_GROUPS]),
                "failed": self._desk.store.outbox.counts()[Delivery.FAILED] if person.site_ids is None else 0,
                "base": self._base,
                "words": WORDS,
                "most": MOST_IN_A_LINK,
                "until": now + LIFE,
                "plain": _plain,
                "link": lambda word, group: (
                    self._base + "/digest/" + link_for(self._desk.secret, person, word, group, until=now + LIFE)
                ),
            }
            text = re.sub(r"\n{3,}", "\n\n", render_template("digest.txt", **values)).strip() + "\n"
            html = render_template("digest.html", **values)
        return self._sealed(person, subject, text, html, now)

    def _held(self, site_id: int) -> int:
        return self._desk.store.counts(site_id=site_id)[Status.HELD]

    def _sealed(self, person: Person, subject: str, text: str, html: str, now: datetime) -> EmailMessage:
        letter = EmailMessage()
        letter["From"] = self._desk.settings.mail_from or f"moderator@{urlsplit(self._base).hostname or 'localhost'}"
        letter["To"] = person.login
        letter["Subject"] = subject
        letter["Date"] = format_datetime(now)
        letter["Message-ID"] = make_msgid(domain=urlsplit(self._base).hostname or "localhost")
        letter["Auto-Submitted"] = "auto-generated"
        letter["List-Unsubscribe"] = f"<{self._base}/account#digest>"
        letter.set_content(text)
        letter.add_alternative(html, subtype="html")
        return letter


def _plain(text: str, most: int = 300) -> str:
    """Text from outside in one line, with what cannot be seen named."""
    return "".join(f"[{piece.text}]" if piece.name else piece.text for piece in short(" ".join(text.split()), most))
