"""The measures against values computed by hand, and against scikit-learn and SciPy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.metrics import average_precision_score, det_curve, roc_auc_score

from moderator.policy import Thresholds
from moderator.training import bootstrap, crossfit, measure
from moderator.training.evaluate import caught, figures, needed, threshold
from moderator.training.measure import Truth, Vector

HOLD = Thresholds(0.5, None)


def truths(*labels: int) -> Truth:
    return np.array(labels, dtype=np.bool_)


@st.composite
def judged(draw: st.DrawFn) -> tuple[Vector, Truth, Vector]:
    """Scores with many ties, labels with both classes, and whole weights."""
    size = draw(st.integers(2, 60))
    scores = draw(st.lists(st.integers(0, 12), min_size=size, max_size=size))
    spam = draw(st.lists(st.booleans(), min_size=size, max_size=size).filter(lambda drawn: 0 < sum(drawn) < len(drawn)))
    weight = draw(st.lists(st.integers(1, 4), min_size=size, max_size=size))
    return np.array(scores) / 12, np.array(spam), np.array(weight, dtype=np.float64)


@given(judged())
def test_areas_with_weights_are_scikit_learns(case: tuple[Vector, Truth, Vector]) -> None:
    scores, spam, weight = case
    above = measure.rank(scores, spam).above(weight)
    assert measure.area(*above) == pytest.approx(roc_auc_score(spam, scores, sample_weight=weight))
    expected = average_precision_score(spam, scores, sample_weight=weight)
    assert measure.precision_area(*above) == pytest.approx(expected)


@given(judged(), st.sampled_from([0.0, 0.005, 0.01, 0.1, 0.5, 0.9]))
def test_what_is_caught_is_the_same_as_with_each_comment_copied(
    case: tuple[Vector, Truth, Vector], share: float
) -> None:
    scores, spam, weight = case
    copies = weight.astype(int)
    expected = caught(np.repeat(scores, copies), np.repeat(spam, copies), share)
    assert measure.caught_at(*measure.rank(scores, spam).above(weight), share) == pytest.approx(expected)


def test_the_detection_curve_is_scikit_learns() -> None:
    chance = np.random.default_rng(7)
    spam = chance.random(120) < 0.4
    scores: Vector = (chance.random(120) * 0.6 + spam * 0.3).round(2)
    held, through, _ = det_curve(spam, scores)
    drawn = {(round(a, 4), round(b, 4)) for a, b in measure.detection_curve(scores, spam)}
    assert {(round(float(a), 4), round(float(b), 4)) for a, b in zip(held, through, strict=True)} <= drawn


def test_curves_go_from_none_held_to_all_held() -> None:
    curve = measure.detection_curve(np.array([0.9, 0.8, 0.3, 0.1]), truths(1, 0, 1, 0))
    assert curve[0] == (0.0, 1.0)
    assert curve[-1] == (1.0, 0.0)
    assert curve == [(0.0, 1.0), (0.0, 0.5), (0.5, 0.5), (0.5, 0.0), (1.0, 0.0)]


def test_a_drawn_curve_of_very_many_comments_stays_small() -> None:
    chance = np.random.default_rng(3)
    spam = chance.random(50_000) < 0.5
    assert len(measure.detection_curve(chance.random(50_000) + spam, spam)) < 1_000


@pytest.mark.parametrize(
    ("ham_held", "spam_through", "expected"), [(0.001, 0.02, 0.004499), (0.005, 0.05, 0.016003), (0.01, 0.01, 0.01)]
)
def test_lam_is_the_logistic_average(ham_held: float, spam_through: float, expected: float) -> None:
    assert measure.lam(ham_held, spam_through) == pytest.approx(expected, abs=1e-6)


def test_a_share_of_none_counts_half_a_comment() -> None:
    assert measure.smoothed(0, 100) == 0.005
    assert measure.smoothed(100, 100) == 0.995
    assert measure.smoothed(0, 1) == 0.5


@given(st.integers(1, 400), st.data())
def test_exact_bounds_are_scipys(of: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(0, of))
    two = binomtest(count, of).proportion_ci(0.95, method="exact")
    assert measure.share_between(count, of) == pytest.approx((two.low, two.high))
    upper = binomtest(count, of, alternative="less").proportion_ci(0.95, method="exact").high
    assert measure.at_most(count, of) == pytest.approx(upper)


@pytest.mark.parametrize(("wrong", "least"), list(enumerate([2_995, 4_742, 6_294, 7_752, 9_151, 10_511])))
def test_one_in_a_thousand_is_proven_only_by_thousands(wrong: int, least: int) -> None:
    assert measure.at_most(wrong, least) <= 0.001 < measure.at_most(wrong, least - 2)


def test_950_of_1000_caught_prove_93_7_percent() -> None:
    assert measure.at_least(950, 1_000) == pytest.approx(0.937, abs=0.0005)
    assert measure.at_least(0, 10) == 0.0


@pytest.mark.parametrize(("budget", "least"), [(0.01, 299), (0.005, 598), (0.001, 2_995)])
def test_a_threshold_says_how_many_good_comments_it_needs(budget: float, least: int) -> None:
    ham = np.linspace(0.0, 0.9, least)
    assert needed(budget) == least
    assert threshold(ham[1:], budget) is None
    assert threshold(ham, budget) == pytest.approx(0.9)


def test_5000_good_comments_let_one_stand_above_a_tenth_of_a_percent() -> None:
    assert threshold(np.arange(5_000) / 5_000, 0.001) == pytest.approx(4_998 / 5_000)


def test_thresholds_keep_their_promise_on_comments_never_seen() -> None:
    chance = np.random.default_rng(11)
    broken = 0
    for _ in range(1_000):
        found = threshold(chance.random(700), 0.01)
        assert found is not None
        broken += 1.0 - found > 0.01  # of uniform scores so many are truly higher
    assert broken / 1_000 <= 0.06


def test_reliability_of_honest_scores_lies_on_the_diagonal() -> None:
    chance = np.random.default_rng(5)
    scores = chance.random(20_000)
    bins = measure.reliability(scores, chance.random(20_000) < scores)
    assert sum(part.comments for part in bins) == 20_000
    assert all(abs(part.said - part.spam) < 0.03 for part in bins)
    assert all(part.low <= part.spam <= part.high for part in bins)


def test_every_comment_stands_in_the_histogram_also_at_its_ends() -> None:
    ham, spam = measure.histogram(np.array([0.0, 0.5, 1.0, 1.0]), truths(0, 0, 0, 1), bins=4)
    assert (ham, spam) == ([1, 0, 1, 1], [0, 0, 0, 1])


def test_intervals_hold_the_figure_and_need_both_classes() -> None:
    chance = np.random.default_rng(2)
    spam = chance.random(400) < 0.3
    scores = np.clip(chance.normal(0.35 + 0.3 * spam, 0.15), 0, 1)
    found, between = figures(scores, spam, HOLD), bootstrap.intervals(scores, spam, range(400), HOLD)
    for name, (low, high) in between.items():
        if name != "lam":
            assert low <= getattr(found, name) <= high, name
    assert bootstrap.intervals(scores[spam], spam[spam], range(int(spam.sum())), HOLD) == {}
    assert bootstrap.intervals(scores[:0], spam[:0], [], HOLD) == {}


def test_the_interval_of_an_area_is_as_wide_as_theory_says() -> None:
    chance = np.random.default_rng(4)
    spam = np.arange(600) < 300
    scores = chance.normal(spam * 1.0)
    low, high = bootstrap.intervals(scores, spam, range(600), HOLD)["roc_auc"]
    area = roc_auc_score(spam, scores)
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    error = np.sqrt((area * (1 - area) + 299 * (q1 - area**2) + 299 * (q2 - area**2)) / 300**2)  # Hanley & McNeil 1982
    assert (high - low) / (2 * 1.96 * error) == pytest.approx(1.0, abs=0.15)


def test_copies_of_a_comment_make_no_interval_narrower() -> None:
    chance = np.random.default_rng(6)
    spam = chance.random(200) < 0.5
    scores = chance.normal(spam * 0.5)
    low, high = bootstrap.intervals(scores, spam, range(200), HOLD)["roc_auc"]
    copied = bootstrap.intervals(np.tile(scores, 5), np.tile(spam, 5), [*range(200)] * 5, HOLD)["roc_auc"]
    assert copied == pytest.approx((low, high))


def test_two_models_are_compared_on_the_same_draws() -> None:
    chance = np.random.default_rng(8)
    spam = chance.random(300) < 0.5
    scores = chance.normal(spam * 1.0)
    same = bootstrap.differences((scores, HOLD), (scores, HOLD), spam, range(300))
    assert set(same.values()) == {(0.0, 0.0)}
    better = bootstrap.differences((scores + spam, HOLD), (scores, HOLD), spam, range(300))
    assert better["roc_auc"][0] > 0


def test_labels_are_suspicious_where_the_other_one_is_as_likely_as_usual() -> None:
    # Spam has 0.8 on average, ham 0.2: what is labelled ham needs 0.8, what is labelled spam 0.2 at most.
    scores = np.array([0.05, 0.0, 0.85, 0.0, 0.1, 1.0, 1.0, 0.9, 1.0, 0.1])
    spam = truths(0, 0, 0, 0, 0, 1, 1, 1, 1, 1)
    assert crossfit.suspicious(scores, spam).tolist() == [9, 2]


@pytest.mark.parametrize("label", [0, 1])
def test_no_label_is_suspicious_where_there_is_only_one(label: int) -> None:
    assert crossfit.suspicious(np.array([0.9, 0.1]), truths(label, label)).size == 0
    assert crossfit.suspicious(np.empty(0), truths()).size == 0
