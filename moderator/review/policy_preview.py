"""What another policy would have done to a site's latest comments, judged anew by the model that answers now."""

from collections import Counter
from dataclasses import dataclass

from moderator import policy
from moderator.classifier import Classifier
from moderator.comment import Action
from moderator.moderation import NO_THRESHOLDS
from moderator.policy import Case, SitePolicy
from moderator.reading import read
from moderator.review.budgets import Kept
from moderator.store import Filter, Site, Store, StoredComment

LOOKED_AT, SHOWN = 500, 20
STRICTNESS = (Action.APPROVE, Action.HOLD, Action.REJECT)


@dataclass(frozen=True, slots=True)
class Flip:
    """A comment that would be decided otherwise, and the rule that would speak."""

    stored: StoredComment
    before: Action
    after: Action
    rule: str
    score: float | None


@dataclass(frozen=True, slots=True)
class Preview:
    """How many were looked at, the flips by what becomes what, and the newest of those that fare worse, and better."""

    looked_at: int
    flips: int
    kinds: tuple[tuple[Action, Action, int], ...]
    stricter: tuple[Flip, ...]
    milder: tuple[Flip, ...]
    counts: tuple[int, int]
    kept: tuple[Kept, ...] = ()


def preview(store: Store, classifier: Classifier | None, site: Site, new: SitePolicy) -> Preview:
    """Both policies are asked with the same reading and score, so that only the policy makes the difference."""
    page = store.queue(Filter(status=None, site_id=site.id), limit=LOOKED_AT)
    found = [flip for stored in page.comments if (flip := _flip(stored, classifier, site.policy, new))]
    kinds = Counter((flip.before, flip.after) for flip in found)
    counted = tuple((before, after, number) for (before, after), number in kinds.most_common())
    stricter = [flip for flip in found if STRICTNESS.index(flip.after) > STRICTNESS.index(flip.before)]
    milder = [flip for flip in found if flip not in stricter]
    return Preview(
        len(page.comments),
        len(found),
        counted,
        tuple(stricter[:SHOWN]),
        tuple(milder[:SHOWN]),
        (len(stricter), len(milder)),
    )


def _flip(stored: StoredComment, classifier: Classifier | None, old: SitePolicy, new: SitePolicy) -> Flip | None:
    reading = read(stored.comment)
    score = classifier.score(reading) if classifier else None

    def case(site: SitePolicy) -> Case:
        own = policy.lines(site, classifier.id, classifier.thresholds) if classifier else NO_THRESHOLDS
        return Case(stored.comment, reading, site, score, own)

    before, _ = policy.decide(case(old))
    after, rule = policy.decide(case(new))
    return None if before is after else Flip(stored, before, after, rule.__name__, score)
