"""``report.html``: one file that needs nothing else, drawn from the very object that is written as report.json."""

from collections.abc import Mapping, Sequence
from importlib import resources
from itertools import groupby
from typing import Any

from moderator.training import drawing, report_charts, report_trials
from moderator.training.account import Shown, Texts
from moderator.training.measure import SURE
from moderator.training.report_tables import row, section, table
from moderator.training.wording import DASH, FIGURES, change, day, figure, of_a_thousand, percent, safe

Content = Mapping[str, Any]
# The page may load nothing, run nothing, and send nothing; its own style is all it has.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
MOST_TOPICS = 30


def render(content: Content, texts: Texts | None) -> str:
    """The page. ``texts`` None leaves strangers' comments out, for a model that is given to others."""
    style = resources.files("moderator.training").joinpath("report.css").read_text("utf-8")
    sections = (
        _head(content),
        _crowds(content),
        _comparison(content),
        section("Thresholds, and how they came about", "", _thresholds(content)),
        section("In pictures", _on_what(content), report_charts.figures(content)),
        report_trials.in_time(content),
        _slices(content),
        _topics(content),
        _worst(texts),
        _suspicious(content, texts),
        _sources(content),
        report_trials.search(content),
        _notes(content, texts),
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="robots" content="noindex">\n'
        f"<title>How good is it? Report of a model</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(section for section in sections if section)
        + "\n</main>\n</body>\n</html>\n"
    )


# At the top: what an operator wants to know


def in_words(content: Content) -> tuple[str, str]:
    """What happens to 1,000 good comments, and to 1,000 spam, each in a sentence."""
    held, through = content["yardstick"]["ham_held"], content["yardstick"]["spam_approved"]
    first = (
        "No good comment was tried." if held is None else f"Of 1,000 good comments {of_a_thousand(held)} would be held."
    )
    second = (
        "No spam was tried." if through is None else f"Of 1,000 spam {of_a_thousand(through)} would be let through."
    )
    return first, second


def _on_what(content: Content) -> str:
    counts = content["counts"]
    return (
        f"Measured on {counts['ham'] + counts['spam']:,} comments ({counts['ham']:,} good, {counts['spam']:,} spam) "
        "that no model learns from."
    )


def _head(content: Content) -> str:
    first, second = in_words(content)
    made = f" · {safe(day(content['made']))}" if "made" in content else ""
    return (
        f"<header>\n<h1>Model <code>{safe(content.get('id', 'unnamed'))}</code>{made}</h1>\n"
        f'<p class="lead"><b class="ham">{first}</b> <b class="spam">{second}</b></p>\n'
        f'<p class="soft">{_on_what(content)}</p>\n</header>'
    )


def _between(content: Content, name: str) -> str:
    pair = content["intervals"].get(name)
    return (
        f"{of_a_thousand(pair[0])} to {of_a_thousand(pair[1])} at {percent(SURE)}"
        if pair
        else "too few to say how surely"
    )


def _crowds(content: Content) -> str:
    counts, proven, cards = content["counts"], content["proven"], []
    for label, name, kind, verb in (
        ("good comments", "ham_held", "ham", "held"),
        ("spam", "spam_approved", "spam", "let through"),
    ):
        share = content["yardstick"][name]
        if share is None:
            continue
        many = of_a_thousand(share)
        if kind == "ham":
            most = percent(proven["ham_held_at_most"])
            proof = f"{counts['ham_held']:,} of {counts['ham']:,} were; that proves at most {most}"
        else:
            proof = (
                f"{counts['spam_approved']:,} of {counts['spam']:,} were; that proves at least "
                f"{percent(proven['spam_caught_at_least'])} caught"
            )
        cards.append(
            f'<div class="card"><h3>{label.capitalize()}</h3><div class="big"><b class="{kind}">{many}</b></div>'
            f'<div class="small">of 1,000 {verb} ({_between(content, name)})</div>'
            f"{drawing.crowd(f'{many} of 1,000 {label} {verb}', round(share * 1_000), kind)}"
            f'<div class="small">{proof}.</div></div>'
        )
    return f'<div class="grid">{"".join(cards)}</div>' if cards else ""


# Against the model in force


def verdict(name: str, pair: Sequence[float] | None) -> tuple[str, str]:
    """(word, class) for an interval of a change: better or worse only where it does not reach over nought."""
    if pair is None:
        return "", ""
    low, high = pair
    if low <= 0 <= high:
        return "within chance", "soft"
    return ("better", "good") if (low > 0) == FIGURES[name][1] else ("worse", "bad")


def _value(content: Content, name: str) -> float | None:
    found: float | None = content["lam"] if name == "lam" else content["yardstick"][name]
    return found


def _comparison(content: Content) -> str:
    old = content["comparison"]
    rows = []
    for name, (says, _) in FIGURES.items():
        value, pair = _value(content, name), content["intervals"].get(name)
        between = f"{figure(name, pair[0])} to {figure(name, pair[1])}" if pair else DASH
        cells = [says, f"<strong>{figure(name, value)}</strong>", between]
        if old:
            moved = old["changes"].get(name)
            word, kind = verdict(name, moved)
            span = f"{change(name, moved[0])} to {change(name, moved[1])}" if moved else DASH
            cells += [
                figure(name, old["figures"].get(name)),
                span,
                f'<span class="{kind}">{word}</span>' if word else DASH,
            ]
        rows.append(row(*cells))
    head = ["", "this model", f"between, at {percent(SURE)}"]
    if not old:
        return section("In figures", "There was no model in force to compare it with.", table(head, rows))
    lead = (
        f"In force until now: {safe(old['with'])}. Both judged the same comments. A change counts only where its "
        "interval, of both models on the same resamples, does not reach over nought."
    )
    return section("Against the model in force", lead, table([*head, "in force", "change, between", ""], rows))


def _thresholds(content: Content) -> str:
    cards = []
    for told in content["thresholds"]:
        value = percent(told["value"]) if told["value"] is not None else "never"
        mark = "" if told["derived"] else ' <span class="bad small">not derived</span>'
        verb = "Held above a score of" if told["name"] == "hold" else "Rejected above a score of"
        cards.append(
            f'<div class="card"><h3>{verb}</h3><div class="big">{value}{mark}</div>'
            f'<p class="small">{safe(told["how"])}</p></div>'
        )
    return f'<div class="grid">{"".join(cards)}</div>'


# For whom it is worse


def _share(wrong: int, of: int, most: float | None, kind: str) -> str:
    if not of:
        return DASH
    width = f"{min(wrong / of, 1.0) * 100:.1f}"
    return (
        f"{percent(wrong / of)} <small>≤ {percent(most)}</small>"
        f'<span class="meter {kind}"><i style="width:{width}%"></i></span>'
    )


def _slices(content: Content) -> str:
    rows = []
    for by, parts in groupby(content["slices"], key=lambda part: part["by"]):
        rows.append(f'<tr class="part"><th scope="rowgroup" colspan="6">{safe(by)}</th></tr>')
        rows += [
            row(
                safe(part["name"]),
                f"{part['ham']:,}",
                _share(part["ham_held"], part["ham"], part["ham_held_at_most"], "ham"),
                f"{part['spam']:,}",
                _share(part["spam_approved"], part["spam"], part["spam_approved_at_most"], "spam"),
                figure("roc_auc", part["roc_auc"]),
                kind="few" if part["few"] else "",
            )
            for part in parts
        ]
    if not rows:
        return ""
    lead = (
        "After ≤ stands what the true share does not exceed, at 95 %. "
        "Pale rows have fewer than 30 of a class and prove little."
    )
    return section("For whom it is worse", lead, table(["", "good", "held", "spam", "let through", "ROC-AUC"], rows))


def _topics(content: Content) -> str:
    topics = [
        (name, count["wrong"], count["comments"])
        for name, count in content.get("by_topic", {}).items()
        if count["wrong"]
    ]
    topics.sort(key=lambda topic: (-topic[1], topic[0]))
    rows = [row(safe(name), f"{wrong:,}", f"{of:,}", percent(wrong / of)) for name, wrong, of in topics[:MOST_TOPICS]]
    lead = "How many comments of each sort stand on the wrong side of the threshold to hold."
    return section("Errors by topic", lead, table(["", "wrong", "of", "share"], rows) if rows else "")


# Comments to read, only for an installation's own model


def _text(shown: Shown) -> str:
    kind, label = ("spam", "spam") if shown.label == "spam" else ("ham", "good comment")
    about = [
        f"<strong>{label}</strong>, the model says {percent(shown.score)}",
        safe(shown.source),
    ]
    about += [safe(part) for part in (shown.topic, shown.author, shown.url) if part]
    return (
        f'<article class="text {kind}"><div class="small">{" · ".join(about)}</div>'
        f'<p dir="auto">{safe(shown.text)}</p></article>'
    )


def _worst(texts: Texts | None) -> str:
    if not texts or not texts.worst:
        return ""
    lead = (
        "The most confident mistakes on the yardstick. Some will be wrong labels; "
        "those that are not say what to teach next."
    )
    return section("Worst errors", lead, "".join(map(_text, texts.worst)))


def _suspicious(content: Content, texts: Texts | None) -> str:
    found = content.get("suspicious")
    if not found:
        return ""
    lead = (
        f"Of {found['looked_at']:,} labels {found['found']:,} are denied with confidence by models that have not seen "
        "these comments nor their like. Either the label is wrong, or the comment is unlike all others."
    )
    out = found.get("left_out_by_source", {})
    if out:
        lead += f" {found['left_out']:,} of them were not learned from; they come first below."
    rows = [row(safe(name), f"{count:,}", f"{out.get(name, 0):,}") for name, count in found["by_source"].items()]
    body = table(["source", "labels in doubt", "not learned from"], rows) if rows else "<p>None is.</p>"
    return section("Suspicious labels", lead, body + "".join(map(_text, texts.suspicious if texts else ())))


def _sources(content: Content) -> str:
    rows = [row(safe(name), f"{count:,}") for name, count in sorted(content.get("learned_from", {}).items())]
    own = content.get("own")
    lead = ""
    if own:
        auc = f", with a ROC-AUC of {own['roc_auc']:.4f}" if own["roc_auc"] is not None else ""
        lead = (
            f"Of them {own['comments']:,} are this installation's verdicts ({own['spam']:,} spam); models that had not "
            f"seen them were tried on them{auc}."
        )
    return section("Learned from", lead, table(["source", "comments"], rows) if rows else "")


def _notes(content: Content, texts: Texts | None) -> str:
    counts = content["counts"]
    left_out = "" if texts else " Comments are not quoted, since this model is made to be given to others."
    return (
        '<footer class="small"><p>Intervals are percentile bootstraps over '
        f"{counts['groups']:,} groups of near-equal comments; bounds of single shares are Clopper–Pearson. "
        "The thresholds and the calibration were fitted on these same comments, so the promise is the bound under "
        "“Thresholds”, not the share that was measured. "
        "The calibration error has no interval: resampling makes it greater. "
        f"All figures are in report.json beside this page.{left_out}</p></footer>"
    )
