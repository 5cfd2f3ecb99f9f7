"""What this person did last, so that the page can say so and take it back: a signed cookie, thirty deeds deep.

It belongs to a session: its signature is made with the session's secret, so another login never offers these deeds.
"""

import hmac
import re
from dataclasses import dataclass

from moderator.comment import Word
from moderator.review.language import gettext, marked
from moderator.review.security import sign

# 30 deeds are 2 kB; browsers promise 4 kB for a cookie.
MOST = 30
ENTRY = re.compile(r"(ham|spam|unwanted|open)~([0-9A-Z]{26})~([0-9A-Z]{26})")
SAID = {
    Word.HAM: marked("Approved"),
    Word.SPAM: marked("Marked as spam"),
    Word.UNWANTED: marked("Rejected"),
    Word.OPEN: marked("Put back to held"),
}
# The same inside a sentence.
SAID_INSIDE = {
    Word.HAM: marked("approved"),
    Word.SPAM: marked("marked as spam"),
    Word.UNWANTED: marked("rejected"),
    Word.OPEN: marked("put back to held"),
}
# The same words as they stand on the buttons.
ASKED = {
    Word.HAM: marked("Approve"),
    Word.SPAM: marked("Spam"),
    Word.UNWANTED: marked("Reject"),
    Word.OPEN: marked("Back to held"),
}


@dataclass(frozen=True, slots=True)
class Deed:
    """One verdict that can be undone."""

    word: Word
    batch: str
    comment_id: str


@dataclass(frozen=True, slots=True)
class Done:
    """The deeds, latest first; ``undone`` says that the one before them has just been taken back."""

    deeds: tuple[Deed, ...] = ()
    undone: Deed | None = None

    @property
    def last(self) -> Deed | None:
        """What undo would take back."""
        return self.deeds[0] if self.deeds else None

    def and_then(self, deed: Deed) -> "Done":
        """With one more."""
        return Done((deed, *self.deeds)[:MOST])

    def without(self, batch: str) -> "Done":
        """After a batch was taken back."""
        gone = next((deed for deed in self.deeds if deed.batch == batch), None)
        return Done(tuple(deed for deed in self.deeds if deed.batch != batch), gone)


def said(deed: Deed) -> str:
    """What was done, in words."""
    return gettext(SAID[deed.word])


def said_inside(deed: Deed) -> str:
    """The same inside a sentence."""
    return gettext(SAID_INSIDE[deed.word])


def write(done: Done, key: str) -> str:
    """The cookie's value."""
    entries = [_entry(deed) for deed in done.deeds]
    text = f"{_entry(done.undone) if done.undone else ''}/{'.'.join(entries)}"
    return f"{sign(key.encode(), 'done', text)}/{text}" if text != "/" else ""


def read(value: str, key: str) -> Done:
    """The deeds in a cookie; none where it is not of this session."""
    signature, _, text = value.partition("/")
    if not text or not hmac.compare_digest(sign(key.encode(), "done", text).encode(), signature.encode()):
        return Done()
    undone, _, rest = text.partition("/")
    return Done(tuple(_deeds(rest)), next(iter(_deeds(undone)), None))


def _entry(deed: Deed) -> str:
    return f"{deed.word.value}~{deed.batch}~{deed.comment_id}"


def _deeds(text: str) -> list[Deed]:
    return [Deed(Word(word), batch, comment_id) for word, batch, comment_id in ENTRY.findall(text)]
