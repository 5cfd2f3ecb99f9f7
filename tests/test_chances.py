"""What counts prove: against the tables of the literature, SciPy, and simulations with a known truth."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderator.chances import Stratum, allowed_above, at_most, exact, needed, ratio, stability, threshold


@pytest.mark.parametrize(("budget", "least"), [(0.01, 299), (0.005, 598), (0.001, 2995)])
def test_a_budget_needs_so_many_good_comments(budget: float, least: int) -> None:
    assert needed(budget) == least
    assert allowed_above(least - 1, budget) is None
    assert allowed_above(least, budget) == 0


@pytest.mark.parametrize(
    ("count", "budget", "above"),
    [(3000, 0.001, 0), (5000, 0.001, 1), (10_000, 0.001, 4), (20_000, 0.001, 12), (500, 0.01, 1), (1000, 0.01, 4)],
)  # fmt: skip
def test_so_many_may_score_above(count: int, budget: float, above: int) -> None:
    assert allowed_above(count, budget) == above


def test_the_threshold_is_that_of_training() -> None:
    training = pytest.importorskip("moderator.training.evaluate", reason="training needs scikit-learn")
    scores = np.random.default_rng(5).random(7000)
    for size in (298, 299, 700, 2995, 5000, 7000):
        for budget in (0.01, 0.005, 0.001):
            assert threshold(list(scores[:size]), budget) == training.threshold(scores[:size], budget)


def test_equal_scores_at_the_threshold_are_on_the_good_side() -> None:
    ham = [0.2] * 290 + [0.9] * 9
    found = threshold(ham, 0.01)
    assert found == 0.9 and not any(score > found for score in ham)


@pytest.mark.parametrize("budget", [0.001, 0.01])
def test_a_threshold_breaks_its_budget_as_seldom_as_it_says(budget: float) -> None:
    # 2,000 sites whose scores are uniform, so that the true share above a threshold is 1 - threshold.
    random = np.random.default_rng(17)
    size = needed(budget) + 7
    broken = sum(1 - (threshold(random.random(size).tolist(), budget) or 0) > budget for _ in range(2000))
    assert broken / 2000 <= 0.06


@given(st.integers(0, 60), st.integers(1, 60), st.floats(0, 1))
def test_binomial_tails_are_those_of_scipy(hits: int, count: int, share: float) -> None:
    binom = pytest.importorskip("scipy.stats", reason="compared with SciPy").binom
    assert at_most(hits, count, share) == pytest.approx(float(binom.cdf(hits, count, share)), abs=1e-9)


def test_exact_intervals_are_those_of_the_literature() -> None:
    none = exact(0, 1000)
    assert (none.low, none.value) == (0.0, 0.0) and none.high == pytest.approx(0.003682, abs=1e-5)
    some = exact(950, 1000)
    assert some.low == pytest.approx(0.93461, abs=1e-4) and some.high == pytest.approx(0.96269, abs=1e-4)
    assert exact(0, 0).low == 0.0 and exact(0, 0).high == 1.0


def test_a_sample_of_the_approved_tells_the_recall_of_all() -> None:
    held, approved = Stratum(100, spam=80, ham=20), Stratum(10_000, spam=2, ham=98)
    found = ratio([(held, True)], [(held, True), (approved, True)])
    assert found is not None
    assert found.value == pytest.approx(80 / (80 + 200))
    assert found.low < found.value < found.high


def test_nothing_is_told_before_each_kind_has_been_looked_at() -> None:
    held, approved = Stratum(100, spam=80, ham=20), Stratum(10_000, spam=0, ham=0)
    assert ratio([(held, True)], [(held, True), (approved, True)]) is None
    assert ratio([(Stratum(0, 0, 0), True)], [(Stratum(0, 0, 0), True)]) is None


def test_the_interval_of_a_recall_holds_the_truth_as_often_as_it_says() -> None:
    # Sites with a known recall: 1,000 held, all judged; 20,000 approved, of which 1.5 % are spam and 2 % are looked at.
    random = np.random.default_rng(23)
    inside = 0
    for turn in range(300):
        spam_held, spam_approved, looked = random.binomial(1000, 0.8), 300, 400
        seen = random.hypergeometric(spam_approved, 20_000 - spam_approved, looked)
        held = Stratum(1000, spam_held, 1000 - spam_held)
        approved = Stratum(20_000, int(seen), int(looked - seen))
        found = ratio([(held, True)], [(held, True), (approved, True)], seed=turn)
        assert found is not None
        inside += found.low <= spam_held / (spam_held + spam_approved) <= found.high
    assert inside / 300 >= 0.93


@given(st.lists(st.integers(0, 1000), min_size=2, max_size=20))
def test_nothing_has_moved_from_itself(counts: list[int]) -> None:
    assert stability(counts, counts) == pytest.approx(0)
    assert stability(counts, [count * 3 for count in counts]) >= 0


def test_a_turned_distribution_has_moved_much() -> None:
    assert stability([100, 50, 10], [10, 50, 100]) > 0.25
