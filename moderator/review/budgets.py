"""A site's thresholds from its error budget: Neyman–Pearson ranks of its own good comments, or how many are missing.

The good comments are those that stand approved and were decided by their score, each with the score that it came in
with: the model had not seen it then. Spam that was approved unseen is among them, low in the order; a share p of it
lets 1 / (1 - p) times the budget through, which at the 3 % that a site bears is nothing.
"""

from dataclasses import dataclass, replace

from moderator.chances import needed, threshold
from moderator.classifier import Classifier
from moderator.policy import SitePolicy
from moderator.review.policy_form import chosen
from moderator.store import Store


@dataclass(frozen=True, slots=True)
class Kept:
    """Whether a budget can be kept: how many good comments that needs, how many there are, and the score for it."""

    name: str
    budget: float
    needs: int
    has: int
    line: float | None

    @property
    def missing(self) -> int:
        """How many good comments more it needs."""
        return max(self.needs - self.has, 0)


def derived(store: Store, site_id: int, policy: SitePolicy, classifier: Classifier | None) -> SitePolicy:
    """The policy with what follows from its budgets for the model that answers now."""
    policy = chosen(policy)
    if classifier is None or (policy.hold_budget is None and policy.reject_budget is None):
        return policy
    ham = store.tallies.good_scores(site_id, model=classifier.id)
    hold, reject = (
        None if budget is None else threshold(ham, budget) for budget in (policy.hold_budget, policy.reject_budget)
    )
    return replace(policy, derived_model=classifier.id, derived_from=len(ham), derived_hold=hold, derived_reject=reject)


def kept(policy: SitePolicy) -> tuple[Kept, ...]:
    """What is to be said of each budget of a derived policy."""
    budgets = (
        ("hold_budget", policy.hold_budget, policy.derived_hold),
        ("reject_budget", policy.reject_budget, policy.derived_reject),
    )
    return tuple(
        Kept(name, budget, needed(budget), policy.derived_from, line)
        for name, budget, line in budgets
        if budget is not None
    )
