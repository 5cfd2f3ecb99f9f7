"""Whether one site's verdicts do harm: trained with and without them, on comments that no verdict can reach.

After RONI, reject on negative impact (Barreno, Nelson, Joseph & Tygar 2010), but on all of a site's verdicts as one
batch: single ones move a model by less than the noise. The yardstick is made of files and the project's own corpus
alone, so that nobody who can give verdicts can bend it.
"""

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from moderator.labelled import Example
from moderator.training.evaluate import caught
from moderator.training.measure import Truth
from moderator.training.table import Vector

LEAST_VERDICTS = 20
MOST_TRIED = 12  # sites, those with the most verdicts: each costs one fit
MOST_MORE_HELD = 0.001
MOST_RECALL_LOST = 0.01
HELD = 0.01

Scores = Callable[[Vector], Vector]  # of the yardstick's comments, from a fit with these weights of the rows


def harm(scores: Vector, without: Vector, spam: Truth) -> str:
    """What is worse with a batch than without it, in words; empty where nothing is."""
    line = float(np.sort(without[~spam])[::-1][int(HELD * (~spam).sum())])
    more_held = float((scores[~spam] > line).mean() - (without[~spam] > line).mean())
    lost = caught(without, spam, HELD) - caught(scores, spam, HELD)
    told = []
    if more_held > MOST_MORE_HELD:
        told.append(f"of 1,000 good comments {1000 * more_held:.0f} more would be held")
    if lost > MOST_RECALL_LOST:
        told.append(f"of 1,000 spam {1000 * lost:.0f} more would get through")
    return " and ".join(told)


def harmful(
    examples: Sequence[Example], own: int, weight: Vector, spam: Truth, scores: Vector, ask: Scores
) -> dict[str, str]:
    """The sites whose verdicts do harm, and what; ``own`` is how many of the examples, the last ones, are verdicts.

    ``scores`` are the yardstick's from a fit on all, ``spam`` its labels. Where one site has all verdicts it is the
    operator's own, and the comparison with the model in force is all there is.
    """
    begin = len(examples) - own
    sites = [examples[row].source for row in range(begin, len(examples))]
    counts = Counter(sites)
    if len(counts) < 2 or not spam.any() or spam.all():
        return {}
    found: dict[str, str] = {}
    for site, count in counts.most_common(MOST_TRIED):
        if count < LEAST_VERDICTS:
            break
        without = weight.copy()
        without[begin:][np.array([name == site for name in sites])] = 0.0
        worse = harm(scores, ask(without), spam)
        if worse:
            found[site] = worse
    return found
