"""What can go wrong on the way to a blog; every message is a sentence, without secrets and without the blog's words."""


class CallbackError(Exception):
    """The base of all the others."""


class BadAddress(CallbackError):
    """An address, or a secret, that an operator may not register. Tells the cure."""


class NotReached(CallbackError):
    """There was no answer: the host is unknown, refuses, is too slow, speaks no HTTP, or may not be asked."""


class Untellable(CallbackError):
    """This kind of blog has no words for this verdict, or no way to find this comment."""
