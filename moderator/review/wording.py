"""What the templates say of actions, words and states: whole phrases, as languages put them together otherwise."""

from moderator.comment import Action, Status, Word
from moderator.review.language import gettext, marked
from moderator.store import Delivery

ACTED = {Action.APPROVE: marked("Approved"), Action.HOLD: marked("Held"), Action.REJECT: marked("Rejected")}
STANDS = {
    Status.APPROVED: marked("Now approved"),
    Status.HELD: marked("Now held"),
    Status.REJECTED: marked("Now rejected"),
    Status.DELETED: marked("Now deleted"),
}
# After "and would": what the model that answers now makes of a comment.
WOULD = {Action.APPROVE: marked("approve it"), Action.HOLD: marked("hold it"), Action.REJECT: marked("reject it")}
BECOMES = {Action.APPROVE: marked("approved"), Action.HOLD: marked("held"), Action.REJECT: marked("rejected")}
MACHINE = {
    Action.APPROVE: marked("The machine approved it."),
    Action.HOLD: marked("The machine held it."),
    Action.REJECT: marked("The machine rejected it."),
}
MACHINE_AT = {
    Action.APPROVE: marked("The machine approved it at %(score)s."),
    Action.HOLD: marked("The machine held it at %(score)s."),
    Action.REJECT: marked("The machine rejected it at %(score)s."),
}
# After the name of who said it.
HUMAN = {
    Word.HAM: marked("approved it"),
    Word.SPAM: marked("marked it as spam"),
    Word.UNWANTED: marked("rejected it"),
    Word.OPEN: marked("put it back to held"),
}
TOOK_BACK = {
    Word.HAM: marked("took a verdict back; it stands as approved"),
    Word.SPAM: marked("took a verdict back; it stands as spam"),
    Word.UNWANTED: marked("took a verdict back; it stands as rejected"),
    Word.OPEN: marked("took a verdict back; it stands as before"),
}
EDITED = {
    Word.HAM: marked("The blog sent another text. It had been called good:"),
    Word.SPAM: marked("The blog sent another text. It had been called spam:"),
    Word.UNWANTED: marked("The blog sent another text. It had been called unwanted:"),
    Word.OPEN: marked("The blog sent another text. It had been called open:"),
}
CALLED = {Word.HAM: marked("good"), Word.SPAM: marked("spam"), Word.UNWANTED: marked("unwanted"), Word.OPEN: ""}
DELIVERY = {
    Delivery.WAITING: marked("waiting"),
    Delivery.DELIVERED: marked("delivered"),
    Delivery.FAILED: marked("failed"),
    Delivery.DROPPED: marked("dropped"),
}


def said_of(status: Status) -> str:
    """How a comment stands now."""
    return gettext(STANDS[status])
