"""What is known from before of the comments of a page: their authors, the hosts that they link to, how many are alike.

A few questions for the whole page, however many cards it has.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from moderator.comment import Status
from moderator.known import Sighting
from moderator.reading import Reading
from moderator.review.desk import Desk, limited_to
from moderator.store import StoredComment
from moderator.traces import author_key, host_key

MOST_HOSTS = 8


@dataclass(frozen=True, slots=True)
class Past:
    """What is known from before. The sightings count the comment itself as well; None: not seen, or not said.

    ``hosts`` are on any site, or on the comment's own where the one who looks may not see all. ``waiting`` and
    ``alike``: how many are held, and how many there are in all, that say nearly the same, this one among them, on the
    sites that the one who looks may see.
    """

    author: Sighting | None = None
    hosts: Mapping[str, Sighting] = field(default_factory=dict)
    waiting: int = 0
    alike: int = 0


NOTHING = Past()


def of_page(desk: Desk, found: Sequence[tuple[StoredComment, Reading]]) -> Mapping[str, Past]:
    """What is known, by the comments' ids."""
    authors = {stored.id: author_key(stored.comment, stored.site_id, desk.secret) for stored, _ in found}
    everywhere = limited_to() is None
    hosts = {
        (stored.id, name): host_key(name, desk.secret, site_id=None if everywhere else stored.site_id)
        for stored, reading in found
        for name in [link.host for link in reading.all_links][:MOST_HOSTS]
    }
    keys = {*hosts.values(), *(key for key in authors.values() if key is not None)}
    seen = desk.store.campaigns.seen(sorted(keys)) if keys else {}
    campaigns = [stored.campaign for stored, _ in found if stored.campaign is not None]
    alike = desk.store.campaigns.sizes(campaigns, site_ids=limited_to())
    waiting = desk.store.campaigns.sizes(campaigns, status=Status.HELD, site_ids=limited_to())
    return {
        stored.id: Past(
            author=seen.get(authors[stored.id] or 0),
            hosts={
                link.host: seen[key]
                for link in reading.all_links[:MOST_HOSTS]
                if (key := hosts[stored.id, link.host]) in seen
            },
            waiting=waiting.get(stored.campaign or 0, 0),
            alike=alike.get(stored.campaign or 0, 0),
        )
        for stored, reading in found
    }
