"""After a verdict, the waiting comments of its site are scored anew: in each server process by one thread.

It also makes the sites' classifiers when there is something new, so that requests need not. Of several processes one
claims a site, and keeps the claim for a while: it has the features of what waits in memory, so that ten thousand
comments cost a look-up and a sum. What waits goes on waiting, whatever its new score: only its place changes, and the
pages can tell what crossed a threshold.
"""

from collections.abc import Sequence

from moderator import policy
from moderator.adaptation import Adaptation, Adapted
from moderator.classifier import Classifier, sigmoid
from moderator.comment import Action
from moderator.loop import Loop
from moderator.residual import Residual, Row
from moderator.store import Clock, Rescored, Site, Store, StoreError, Waiting
from moderator.store.ids import micros, new_id

POLL_SECONDS = 1.0  # verdicts that other processes take in; those of this one wake it at once
# A quarter of a core at most: with 10,000 waiting a step takes 0.7 s, and verdict upon verdict would leave the blogs'
# comments to share the interpreter with it all the time.
REST = 3.0
MOST_WAITING = 20_000  # a site; the newest
# What moves less than this is left as it is: nobody can see it, and most verdicts change most comments by less.
LEAST_CHANGE = 0.002
# Only for comments that this rule holds the score decides: of all others, something before it has spoken.
BY_SCORE = policy.in_doubt.__name__


class Rescorer(Loop):
    """Keeps classifiers and waiting comments up to date."""

    def __init__(self, store: Store, adaptation: Adaptation, clock: Clock) -> None:
        super().__init__("scoring anew", self.step, every=POLL_SECONDS, known=(StoreError,), rest=REST)
        self._store = store
        self._adaptation = adaptation
        self._clock = clock
        self._holder = ""
        self._pending: dict[int, int] = {}  # the sites to be seen to, each with its newest verdict
        self._needed: set[int] = set()  # those that a request asked for
        self._model: Classifier | None = None

    def start(self, *, first: float = 0.0) -> None:
        """Work from now on."""
        self._adaptation.on_need = self._need
        self._store.outbox.on_verdict = self.wake
        super().start(first=first)

    def stop(self) -> None:
        """End after the step that is under way."""
        self._adaptation.on_need = self._store.outbox.on_verdict = None
        super().stop()

    def _need(self, site_id: int) -> None:
        self._needed.add(site_id)
        self.wake()

    def step(self) -> int:
        """Look for what is new and see to it; how many waiting comments got another score. StoreError."""
        base = self._adaptation.model()
        if base is None:
            return 0
        for site_id, verdict_id in self._adaptation.look().items():
            self._pending[site_id] = max(self._pending.get(site_id, 0), verdict_id)
        # At the start, too: what was said before the first look.
        if self._model is not base:
            self._pending.update(self._store.rescoring.behind(base.id))
            self._model = base
        # Those that were used here are kept fresh, whoever scores their comments.
        self._needed |= self._adaptation.behind()
        while self._needed:
            site = self._store.site(self._needed.pop())
            if site is not None:
                self._adaptation.refresh(site, base)
        changed = 0
        for site_id, verdict_id in list(self._pending.items()):
            if self.stopping:
                break
            site = self._store.site(site_id)
            done = site is None or self._see_to(site, base, verdict_id)
            if done is not None:
                changed += int(done)
                if self._pending.get(site_id) == verdict_id:
                    del self._pending[site_id]
        return changed

    def _see_to(self, site: Site, base: Classifier, upto: int) -> int | None:
        """How many of the site's comments got another score; None: another process is at it, and may yet fail."""
        self._holder = self._holder or new_id(micros(self._clock()))
        claimed = self._store.rescoring.claim(site.id, self._holder, model=base.id, upto=upto)
        if not claimed:
            return 0 if claimed is None else None
        adapted = self._adaptation.refresh(site, base)
        waiting = self._store.rescoring.waiting(site.id, most=MOST_WAITING)
        scored, crossed = self._scored(site, adapted, waiting)
        self._store.rescoring.store(scored)
        self._store.rescoring.done(
            site.id, self._holder, model=base.id, upto=upto, waiting=len(waiting), changed=crossed
        )
        return len(scored)

    def _scored(self, site: Site, adapted: Adapted, waiting: Sequence[Waiting]) -> tuple[list[Rescored], int]:
        """The new scores, where they differ, and how many comments crossed a threshold."""
        rows = self._adaptation.rows.of(self._store, [(one.id, one.number) for one in waiting], adapted.base)
        here = [(one, row) for one in waiting if (row := rows.get((one.id, one.number))) is not None]
        logits = (adapted.residual or Residual()).logits([row for _, row in here])
        found: list[Rescored] = []
        crossed = 0
        # Where nothing teaches any more, scores are the model's again to the last digit.
        least = LEAST_CHANGE if adapted.residual is not None else 1e-9
        for (one, row), logit in zip(here, logits.tolist(), strict=True):
            score = sigmoid(logit + one.standing)
            would = _would(site, adapted.base, one, row, score)
            was = one.would or Action.HOLD
            if would is was and one.score is not None and abs(score - one.score) <= least:
                continue
            crossed += would is not was
            found.append(Rescored(one.id, one.number, score, would))
        return found, crossed


def _would(site: Site, base: Classifier, one: Waiting, row: Row, score: float) -> Action:
    """What the score alone would decide of a comment that waits."""
    if one.rule != BY_SCORE:
        return Action.HOLD
    lines = policy.lines(site.policy, base.id, base.thresholds)
    return policy.by_score(score, site.policy, lines, signed=row.signed)
