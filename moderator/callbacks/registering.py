"""What an operator may register, and trying it out."""

from datetime import datetime

from moderator.callbacks.address import Address, literal, parse
from moderator.callbacks.errors import BadAddress, NotReached
from moderator.callbacks.exchange import Exchange
from moderator.callbacks.kinds import KINDS
from moderator.callbacks.network import may_be_asked
from moderator.store import Callback, CallbackKind


def checked(kind: CallbackKind, url: str, *, allow_private: bool, secret: str | None) -> Address:
    """The address for this kind of blog. BadAddress. A name is not resolved here, but at each connection."""
    address = parse(url)
    ip = literal(address.host)
    if ip is not None and not may_be_asked(ip, allow_private=allow_private):
        cure = "" if may_be_asked(ip, allow_private=True) is False else "; if that is the blog, say --allow-private"
        raise BadAddress(f"callbacks may not go to {ip}{cure}")
    if KINDS[kind].base and "?" in address.path:
        raise BadAddress(f"give the address under which {kind} is, without what stands after the ?")
    if secret is not None:
        KINDS[kind].check_secret(secret)
    return address


def try_out(callback: Callback, secrets: tuple[str, ...], exchange: Exchange, *, message_id: str, at: datetime) -> None:
    """Send a message that tells nothing. NotReached, BadAddress where it would not work."""
    kind = KINDS[callback.kind]
    request = kind.test(message_id, parse(callback.url), secrets, at)
    complaint = kind.tested(exchange(request, allow_private=callback.allow_private))
    if complaint:
        raise NotReached(complaint)
