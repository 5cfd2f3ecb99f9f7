"""What this person did last, in words, for the line at the bottom of the page that takes it back."""

from datetime import timedelta

from flask import g

from moderator.comment import Word
from moderator.review.desk import Desk, session
from moderator.review.language import gettext, marked, ngettext
from moderator.store import Deed, Deeds

NEWS = timedelta(minutes=15)  # so long the page tells what was done; it can be taken back ever after
SAID = {
    Word.HAM: marked("Approved"),
    Word.SPAM: marked("Marked as spam"),
    Word.UNWANTED: marked("Rejected"),
    Word.OPEN: marked("Put back to held"),
    None: marked("Left for later and for others"),
}
# The same inside a sentence.
SAID_INSIDE = {
    Word.HAM: marked("approved"),
    Word.SPAM: marked("marked as spam"),
    Word.UNWANTED: marked("rejected"),
    Word.OPEN: marked("put back to held"),
    None: marked("left for later and for others"),
}
# The same words as they stand on the buttons, and what the script calls them.
ASKED = {
    Word.HAM: marked("Approve"),
    Word.SPAM: marked("Spam"),
    Word.UNWANTED: marked("Reject"),
    Word.OPEN: marked("Back to held"),
    None: marked("Not sure"),
}
ACTS = {Word.HAM: "approve", Word.SPAM: "spam", Word.UNWANTED: "reject", Word.OPEN: "back", None: "skip"}


def of_session(desk: Desk) -> Deeds:
    """The deeds of who is logged in, as this request left them."""
    if "done" not in g:
        g.done = desk.store.deeds.recent(session().person.id)
    found: Deeds = g.done
    return found


def is_news(desk: Desk, deed: Deed | None) -> bool:
    """Whether it was done, or taken back, a short while ago."""
    return deed is not None and desk.clock() - deed.at < NEWS


def said(deed: Deed) -> str:
    """What was done."""
    return gettext(SAID[deed.word]) if deed.number == 1 else _of_many(deed.word, deed.number)


def taken_back(deed: Deed) -> str:
    """That it was taken back."""
    what = gettext(SAID_INSIDE[deed.word]) if deed.number == 1 else _of_many(deed.word, deed.number)
    return gettext("Taken back: %(what)s.", what=what)


def _of_many(word: Word | None, number: int) -> str:
    if word is Word.HAM:
        return ngettext("%(num)s comment approved", "%(num)s comments approved", number)
    if word is Word.SPAM:
        return ngettext("%(num)s comment marked as spam", "%(num)s comments marked as spam", number)
    if word is Word.UNWANTED:
        return ngettext("%(num)s comment rejected", "%(num)s comments rejected", number)
    if word is Word.OPEN:
        return ngettext("%(num)s comment put back to held", "%(num)s comments put back to held", number)
    return ngettext(
        "%(num)s comment left for later and for others", "%(num)s comments left for later and for others", number
    )
