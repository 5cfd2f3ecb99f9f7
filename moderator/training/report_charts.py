"""The figures of the page, each drawn from its part of report.json; an empty text where there is nothing to draw."""

import math
from collections.abc import Mapping
from typing import Any

from moderator.training import drawing
from moderator.training.drawing import SHARE, Axis, Plane, percents
from moderator.training.wording import percent

Content = Mapping[str, Any]
LEAST_SHARE = 0.0005  # where the logarithmic axis of good comments held begins


def figures(content: Content) -> str:
    """All of them, in a grid."""
    drawn = (detection(content), precision(content), histogram(content), reliability(content), learning(content))
    return f'<div class="grid">{"".join(drawn)}</div>' if any(drawn) else ""


def _figure(title: str, drawn: str, caption: str, keys: str = "") -> str:
    shown = f'<p class="keys small">{keys}</p>' if keys else ""
    return f"<figure><h3>{title}</h3>{shown}{drawn}<figcaption>{caption}</figcaption></figure>"


def _keys(content: Content) -> str:
    if not _old(content):
        return ""
    return '<span><i class="key"></i>this model</span><span><i class="key old"></i>the one in force</span>'


def _old(content: Content) -> Content | None:
    return (content.get("comparison") or {}).get("curves")


def detection(content: Content) -> str:
    """Good comments held against spam let through, both on logarithmic axes where the decisions are made."""
    if not content["curves"]:
        return ""
    plane = Plane(
        Axis(LEAST_SHARE, 1.0, "good comments held", percents(0.001, 0.01, 0.1, 1.0), log=True),
        Axis(0.0, 1.0, "spam let through", percents(*SHARE)),
    )
    old = _old(content)
    found = content["yardstick"]
    here = (found["ham_held"], found["spam_approved"])
    parts = [
        drawing.stairs(plane, old["detection"], "old") if old else "",
        drawing.stairs(plane, content["curves"]["detection"], "new"),
        drawing.dots(plane, [here], "second"),
    ]
    caption = (
        f"Every threshold is a bargain: the dot is the one in force, {percent(here[0])} of good comments held and "
        f"{percent(here[1])} of spam let through. Lower and further left is better; "
        "the axis is logarithmic, and nought stands at its left end."
    )
    return _figure(
        "What holding more costs", drawing.chart("Detection error trade-off", plane, *parts), caption, _keys(content)
    )


def precision(content: Content) -> str:
    """Precision against recall."""
    if not content["curves"]:
        return ""
    plane = Plane(
        Axis(0.0, 1.0, "spam that is caught", percents(*SHARE)),
        Axis(0.0, 1.0, "spam among what is held", percents(*SHARE)),
    )
    old = _old(content)
    parts = [
        drawing.line(plane, old["precision"], "old") if old else "",
        drawing.line(plane, content["curves"]["precision"], "new"),
    ]
    caption = "How much of the queue is spam, the further the model reaches. Higher and further right is better."
    return _figure(
        "What the queue holds", drawing.chart("Precision and recall", plane, *parts), caption, _keys(content)
    )


def histogram(content: Content) -> str:
    """How the scores of good comments (up) and of spam (down) are spread, with the thresholds."""
    ham, spam = content["histogram"]["ham"], content["histogram"]["spam"]
    tallest = max(*ham, *spam)
    if not tallest:
        return ""
    # Square roots, since most comments score next to 0 or 1 and the few between are what matters.
    top = math.sqrt(tallest)
    numbers = [number for number in (10, 100, 1_000, 10_000, 100_000) if number <= tallest] or [tallest]
    ticks = [(math.sqrt(number), f"{number:,}") for number in numbers[-3:]]
    ticks += [(0.0, "0")] + [(-height, text) for height, text in ticks]
    plane = Plane(
        Axis(0.0, 1.0, "score", percents(*SHARE)), Axis(-top, top, "comments (square-root scale)", tuple(ticks))
    )
    marks = [
        drawing.upright(plane, told["value"], told["name"], row=row)
        for row, told in enumerate(content["thresholds"])
        if told["value"] is not None
    ]
    parts = [
        drawing.columns(plane, [math.sqrt(count) for count in ham], "ham"),
        drawing.columns(plane, [-math.sqrt(count) for count in spam], "spam"),
        drawing.level(plane, 0.0),
    ]
    keys = (
        '<span><i class="key"></i>good comments, upwards</span><span><i class="key second"></i>spam, downwards</span>'
    )
    caption = "What stands right of <em>hold</em> waits for a human; right of <em>reject</em> it is turned away."
    return _figure("How the scores are spread", drawing.chart("Scores by class", plane, *parts, *marks), caption, keys)


def reliability(content: Content) -> str:
    """What the score says against what is true."""
    bins = content["reliability"]
    if not bins:
        return ""
    plane = Plane(Axis(0.0, 1.0, "the score says", percents(*SHARE)), Axis(0.0, 1.0, "spam in truth", percents(*SHARE)))
    parts = [
        drawing.line(plane, [(0.0, 0.0), (1.0, 1.0)], "ideal"),
        drawing.whiskers(plane, [(part["said"], part["low"], part["high"]) for part in bins], "new"),
        drawing.line(plane, [(part["said"], part["spam"]) for part in bins], "new"),
        drawing.dots(plane, [(part["said"], part["spam"]) for part in bins], "new"),
    ]
    error = content["yardstick"]["calibration_error"]
    off = f" On average it is off by {percent(error)}." if error is not None else ""
    caption = (
        f"A score of 80 % is honest if 8 of 10 such comments are spam: the dots then lie on the diagonal.{off} "
        "Each dot is a tenth of the comments; the upright lines are exact 95 % intervals."
    )
    return _figure("Whether a score means what it says", drawing.chart("Reliability", plane, *parts), caption)


def learning(content: Content) -> str:
    """How good fits on parts of the comments are."""
    curve = content["learning_curve"]
    if len(curve) < 2:
        return ""
    counts = [point["comments"] for point in curve]
    every = [point[name] for point in curve for name in ("roc_auc", "caught_at_1_percent")]
    low = max(0.0, math.floor((min(every) - 0.03) * 5) / 5)
    steps = tuple(round(low + (1.0 - low) * i / 4, 3) for i in range(5))
    plane = Plane(
        Axis(
            counts[0] * 0.9,
            counts[-1] * 1.1,
            "comments learned from (logarithmic)",
            tuple((n, f"{n:,}") for n in counts),
            log=True,
        ),
        Axis(low, 1.0, "on the yardstick", percents(*steps)),
    )
    parts = []
    for name, kind, dot in (("roc_auc", "new", "new"), ("caught_at_1_percent", "second", "second")):
        points = [(point["comments"], point[name]) for point in curve]
        parts += [drawing.line(plane, points, kind), drawing.dots(plane, points, dot)]
    keys = (
        '<span><i class="key"></i>ROC-AUC</span>'
        '<span><i class="key second"></i>spam caught where 1 % of good ones are held</span>'
    )
    gain = curve[-1]["caught_at_1_percent"] - curve[-2]["caught_at_1_percent"]
    more = "more comments still help" if gain > 0.005 else "more of the same would help little"
    caption = (
        f"Fits from nothing on parts of the comments. The last doubling changed what is caught by "
        f"{gain * 100:+.1f} points: {more}."
    )
    return _figure("Whether more comments would help", drawing.chart("Learning curve", plane, *parts), caption, keys)
