"""What this person did last, in words, for the line at the bottom of the page that takes it back."""

from datetime import timedelta

from flask import g

from moderator.comment import Word
from moderator.review.desk import Desk, session
from moderator.store import Deed, Deeds

NEWS = timedelta(minutes=15)  # so long the page tells what was done; it can be taken back ever after
SAID = {
    Word.HAM: "Approved",
    Word.SPAM: "Marked as spam",
    Word.UNWANTED: "Rejected",
    Word.OPEN: "Put back to held",
    None: "Left for later and for others",
}
SAID_OF_MANY = {
    Word.HAM: "{:,} comments approved",
    Word.SPAM: "{:,} comments marked as spam",
    Word.UNWANTED: "{:,} comments rejected",
    Word.OPEN: "{:,} comments put back to held",
    None: "{:,} comments left for later and for others",
}
# The same words as they stand on the buttons, with what the script calls them.
ASKED = {
    Word.HAM: "Approve",
    Word.SPAM: "Spam",
    Word.UNWANTED: "Reject",
    Word.OPEN: "Back to held",
    None: "Not sure",
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
    return SAID[deed.word] if deed.number == 1 else SAID_OF_MANY[deed.word].format(deed.number)
