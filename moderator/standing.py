"""What a site's own verdicts on an author, a host and a network address add to the score of their next comment.

The shipped model cannot have learned these: no training data has them. So each is a bounded part of the log-odds,
``STRENGTH`` × the logarithm of how often humans said spam to how often they said ham (half a comment added to each),
and is told in its sentence. A good history makes a comment no more than a little likelier to be good: whoever lets one
bland comment be approved in order to come back with links finds that a link to a new host takes it all away.
"""

import math

from moderator.classifier import Adjustment
from moderator.known import Host, Known, Sighting

STRENGTH = 0.6
# The least and the most log-odds of each, and of all together.
AUTHOR = (-0.8, 1.5)
HOSTS = (-0.4, 2.0)
ADDRESS = (-0.2, 1.0)
TOGETHER = (-1.0, 2.5)


def adjustments(known: Known) -> tuple[Adjustment, ...]:
    """What is known from before, as parts of the score; none where no human has spoken yet."""
    found = [one for one in (_author(known), _hosts(known), _address(known)) if one is not None]
    return _bounded(found)


def _author(known: Known) -> Adjustment | None:
    seen = known.author
    if seen is None or not seen.ham + seen.spam:
        return None
    weight = _weight(seen, AUTHOR)
    if weight < 0 and any(is_new(host) for host in known.hosts):
        return None
    return Adjustment(
        "known_author",
        f"On this site humans approved {seen.ham} and rejected {seen.spam} comments of this author.",
        weight,
    )


def _hosts(known: Known) -> Adjustment | None:
    """By the host with the worst history; a good one counts only where there is no other."""
    judged = [host for host in known.hosts if host.here is not None and host.here.ham + host.here.spam]
    weighed = [(_weight(host.here, HOSTS), host) for host in judged if host.here is not None]
    if not weighed:
        return None
    weight, host = max(weighed, key=lambda one: one[0])
    if (weight < 0 and len(judged) < len(known.hosts)) or host.here is None:
        return None
    said = f"approved {host.here.ham} and rejected {host.here.spam} comments that link to {host.name[:100]}"
    return Adjustment("known_host", f"On this site humans {said}.", weight)


def _address(known: Known) -> Adjustment | None:
    seen = known.address
    if seen is None or not seen.ham + seen.spam:
        return None
    said = f"approved {seen.ham} and rejected {seen.spam} comments from this network address"
    return Adjustment("known_address", f"On this site humans {said}.", _weight(seen, ADDRESS))


def is_new(host: Host) -> bool:
    """Whether no human has approved a comment with this host on this site."""
    return host.here is None or not host.here.ham


def _weight(seen: Sighting, bounds: tuple[float, float]) -> float:
    least, most = bounds
    return min(max(STRENGTH * math.log((max(seen.spam, 0) + 0.5) / (max(seen.ham, 0) + 0.5)), least), most)


def _bounded(found: list[Adjustment]) -> tuple[Adjustment, ...]:
    """All of them made smaller alike, where together they would be too much."""
    whole = sum(one.log_odds for one in found)
    bound = min(max(whole, TOGETHER[0]), TOGETHER[1])
    if whole == bound:
        return tuple(found)
    return tuple(Adjustment(one.code, one.text, one.log_odds * bound / whole) for one in found)
