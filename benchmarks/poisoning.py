"""What an attacker can do to a site that learns from its verdicts, with the loss shown.

    python benchmarks/poisoning.py
    python benchmarks/poisoning.py --videos-model FOLDER   as benchmarks/learning.py has it

Each blog and video with enough spam learns from the first half of its comments, clean and attacked, and is asked about
the second half: how much spam is caught where 1 % of that half's good comments are held, whichever threshold that
takes, and what the thresholds in force hold and let through. Mean of several draws. The data is found through
MODERATOR_SHARED.
"""

import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"  # one core, before NumPy is loaded
sys.path.insert(0, str(Path(__file__).parent.parent))

import click
import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from benchmarks.common import machine
from benchmarks.kit import data, newcomers, ours
from benchmarks.kit.measures import Truth, Vector, sigmoid
from benchmarks.kit.newcomers import Newcomer
from moderator.classifier import load
from moderator.comment import Author, Comment
from moderator.residual import Lesson, Residual, Row, rows
from moderator.residual import taught as learned

MOST = 2_000
LEAST_SPAM, LEAST_HAM = 10, 25  # in each half
HAM_HELD, MORE_HELD = 0.01, 0.05
DRAWS = 5
Random = np.random.Generator
Attack = Callable[[Newcomer, list[Lesson], Random], list[Lesson]]


def flipped(share: float, only_spam: bool = False) -> Attack:
    """This share of the verdicts says the contrary (or of those on spam: it is called good)."""

    def attack(site: Newcomer, lessons: list[Lesson], random: Random) -> list[Lesson]:
        count = round(share * len(lessons))
        able = [number for number, one in enumerate(lessons) if one.spam or not only_spam]
        chosen = set(random.choice(able, min(count, len(able)), replace=False).tolist())
        return [replace(one, spam=not one.spam) if number in chosen else one for number, one in enumerate(lessons)]

    return attack


def fewer(share: float) -> Attack:
    """No attack: this share of the verdicts is missing."""

    def attack(site: Newcomer, lessons: list[Lesson], random: Random) -> list[Lesson]:
        missing = set(random.choice(len(lessons), round(share * len(lessons)), replace=False).tolist())
        return [one for number, one in enumerate(lessons) if number not in missing]

    return attack


def from_a_key(share: float, *, trust: float = 1.0, spread: bool = False) -> Attack:
    """Who has the blog's key says of so many comments the contrary; all in one hour, or each in its own."""

    def attack(site: Newcomer, lessons: list[Lesson], random: Random) -> list[Lesson]:
        count = round(share * len(lessons))
        chosen = set(random.choice(len(lessons), count, replace=False).tolist())
        return [
            replace(one, spam=not one.spam, origin="webhook", worth=trust, at=one.at if spread else 0)
            if number in chosen
            else one
            for number, one in enumerate(lessons)
        ]

    return attack


def dictionary(share: float) -> Attack:
    """Comments made of the words that good comments have most, which the attacker gets called spam."""

    def attack(site: Newcomer, lessons: list[Lesson], random: Random) -> list[Lesson]:
        words = _common(site)
        made = [
            Comment(" ".join(random.permutation(words)[:300]), author=Author(f"friend {number}"))
            for number in range(round(share * len(lessons)))
        ]
        bad = [
            Lesson(row, True, "page owner", number * 3600 * 10**6) for number, row in enumerate(rows(made, site.base))
        ]
        return _mixed(lessons, bad, random)

    return attack


def bland(share: float) -> Attack:
    """Good comments with the words that the spam to come will have, which are approved for good ones."""

    def attack(site: Newcomer, lessons: list[Lesson], random: Random) -> list[Lesson]:
        words = [word for number in np.flatnonzero(site.spam) for word in site.comments[number].body.split()][:3000]
        made = [
            Comment(" ".join(random.permutation(words)[:25]), author=Author(f"friend {number}"))
            for number in range(round(share * len(lessons)))
        ]
        bad = [
            Lesson(row, False, "page owner", number * 3600 * 10**6) for number, row in enumerate(rows(made, site.base))
        ]
        return _mixed(lessons, bad, random)

    return attack


ATTACKS: tuple[tuple[str, Attack], ...] = (
    ("1 % of all verdicts flipped", flipped(0.01)),
    ("5 % of all verdicts flipped", flipped(0.05)),
    ("10 % of all verdicts flipped", flipped(0.10)),
    ("spam called good, 1 % of all verdicts", flipped(0.01, only_spam=True)),
    ("spam called good, 5 %", flipped(0.05, only_spam=True)),
    ("spam called good, 10 %", flipped(0.10, only_spam=True)),
    ("flipped from a stolen key, 10 %, over days", from_a_key(0.10, spread=True)),
    ("… within one hour", from_a_key(0.10)),
    ("flipped from a stolen key, 40 %, over days", from_a_key(0.40, spread=True)),
    ("… within one hour", from_a_key(0.40)),
    ("… within one hour, the blog's side trusted for a quarter", from_a_key(0.40, trust=0.25)),
    ("dictionary, 1 % more", dictionary(0.01)),
    ("dictionary, 5 % more", dictionary(0.05)),
    ("dictionary, 10 % more", dictionary(0.10)),
    ("good-looking comments of spam's words, 1 % more", bland(0.01)),
    ("good-looking comments of spam's words, 5 % more", bland(0.05)),
    ("good-looking comments of spam's words, 10 % more", bland(0.10)),
)
COLUMNS = ("caught at 1 %", "lost", "caught at 5 %", "lost at 5 %", "ROC-AUC", "ham held", "spam caught")


def _common(site: Newcomer) -> NDArray[np.str_]:
    words = [word for number in np.flatnonzero(~site.spam) for word in site.comments[number].body.lower().split()]
    distinct, counts = np.unique(np.array(words or ["the"]), return_counts=True)
    return distinct[np.argsort(-counts)][:1_000]


def _mixed(lessons: list[Lesson], more: list[Lesson], random: Random) -> list[Lesson]:
    together = list(lessons)
    for one in more:
        together.insert(int(random.integers(len(together) + 1)), one)
    return together


@click.command()
@click.option(
    "--videos-model", type=click.Path(path_type=Path), help="A model's folder that was made without the videos."
)
@click.option("--draws", default=DRAWS, show_default=True, help="How often each attack is made.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(videos_model: Path | None, draws: int, as_json: bool) -> None:
    """What attacks cost."""
    try:
        base = ours.shipped()
        several = list(newcomers.sites(base, load(videos_model) if videos_model else base, most=MOST, newest=True))
    except data.Missing as missing:
        sys.exit(str(missing))
    several = [site for site in several if _is_enough(site.spam)]
    told: dict[str, Any] = {"machine": machine(), "model": base.id, "sites": [site.name for site in several]}
    print(f"{len(several)} sites: {', '.join(site.name for site in several)}", file=sys.stderr)
    told["attacks"] = attacks(several, draws)
    told["good words"] = good_words(several)
    told["foot in the door"] = foot_in_the_door(several)
    if as_json:
        print(json.dumps(told, indent=1))
        return
    for title in ("attacks", "good words", "foot in the door"):
        table = told[title]
        columns = list(next(iter(table.values())))
        print(f"\n{title:60}{' '.join(f'{column:>16}' for column in columns)}")
        for name, row in table.items():
            print(f"  {name:58}{' '.join(f'{value!s:>16}' for value in row.values())}")


def _is_enough(spam: Truth) -> bool:
    halves = (spam[: len(spam) // 2], spam[len(spam) // 2 :])
    return all(half.sum() >= LEAST_SPAM and (~half).sum() >= LEAST_HAM for half in halves)


def attacks(several: list[Newcomer], draws: int) -> dict[str, dict[str, object]]:
    """Each attack on each site, beside no attack and beside nothing learned."""
    found: dict[str, dict[str, object]] = {}
    found["nothing learned"] = _row([_asked(site, Residual()) for site in several], None)
    clean = [_asked(site, learned(site.lessons[: len(site) // 2])) for site in several]
    found["no attack"] = _row(clean, None)
    # Few comments are asked about, so any change of what is learned moves the figures: the first of these is no attack.
    for name, attack in (("5 % of all verdicts never given", fewer(0.05)), *ATTACKS):
        drawn = []
        for draw in range(draws):
            random = np.random.default_rng(draw)
            drawn += [_asked(site, learned(attack(site, site.lessons[: len(site) // 2], random))) for site in several]
        before = name if name not in found else f"{name} "
        found[before] = _row(drawn, clean)
    return found


Answer = tuple[Vector, Newcomer]


def _asked(site: Newcomer, residual: Residual) -> Answer:
    return residual.logits([one.row for one in site.lessons[len(site) // 2 :]]), site


def _caught(answer: Answer) -> tuple[float, ...]:
    """Caught where 1 % and 5 % of ham are held, ROC-AUC, then ham held and spam caught at the thresholds in force."""
    logits, site = answer
    spam, thresholds = site.spam[len(site) // 2 :], site.thresholds[len(site) // 2 :]
    ham = np.sort(logits[~spam])[::-1]
    at_same = [float((logits[spam] > ham[int(share * len(ham))]).mean()) for share in (HAM_HELD, MORE_HELD)]
    held = sigmoid(logits) > thresholds
    return (*at_same, float(roc_auc_score(spam, logits)), float(held[~spam].mean()), float(held[spam].mean()))


def _row(answers: list[Answer], clean: list[Answer] | None) -> dict[str, object]:
    """Means over sites: each counts the same, as each is somebody's. Losses have two standard errors of draws."""
    figures = 100 * np.array([_caught(answer) for answer in answers])
    one, five, auc, ham, in_force = figures.mean(axis=0).tolist()
    lost = ["", ""]
    if clean:
        drawn = figures.reshape(-1, len(clean), figures.shape[1]).mean(axis=1)
        less = np.array([_caught(answer) for answer in clean]).mean(axis=0) * 100 - drawn
        error = 2 * less.std(axis=0, ddof=1) / len(less) ** 0.5 if len(less) > 1 else np.full(len(COLUMNS), np.nan)
        lost = [f"{less[:, column].mean():.1f} ± {error[column]:.1f}" for column in (0, 1)]
    shown = (
        f"{one:.1f} %", lost[0], f"{five:.1f} %", lost[1], f"{auc / 100:.4f}", f"{ham:.2f} %", f"{in_force:.1f} %"
    )  # fmt: skip
    return dict(zip(COLUMNS, shown, strict=True))


def good_words(several: list[Newcomer]) -> dict[str, dict[str, object]]:
    """Spam of the second half between the site's most usual words, as it is sent to who knows the site."""
    found: dict[str, dict[str, object]] = {}
    for count in (0, 30, 150):
        row: dict[str, object] = {}
        for name, teach in (("nothing learned", False), ("learned", True)):
            shares = []
            for site in several:
                residual = learned(site.lessons[: len(site) // 2]) if teach else Residual()
                logits, _ = _asked(site, residual)
                spam = site.spam[len(site) // 2 :]
                cut = np.sort(logits[~spam])[::-1][int(HAM_HELD * (~spam).sum())]
                padding = " ".join(_common(site)[:count])
                padded = [
                    replace(
                        site.comments[len(site) // 2 + number],
                        body=f"{site.comments[len(site) // 2 + number].body} {padding}",
                    )
                    for number in np.flatnonzero(spam)
                ]
                shares.append(float((residual.logits(rows(padded, site.base)) > cut).mean()))
            row[name] = f"{100 * np.mean(shares):.1f} %"
        found[f"with {count} of the site's words" if count else "as it is"] = row
    return found


def foot_in_the_door(several: list[Newcomer]) -> dict[str, dict[str, object]]:
    """Somebody has bland comments approved, then sends the site's spam under the same name."""
    found: dict[str, dict[str, object]] = {}
    sayings = ("I see it the same way", "that was nice to read", "thank you for this one", "well said", "good to know")
    for count in (0, 1, 3, 10, 30, 100):
        moved, still = [], []
        for site in several:
            author = Author("Jo Walker", "jo@walker.example")
            said = [Comment(f"{sayings[n % 5]}, {'abcdefghij'[n % 10]}{n}", author=author) for n in range(count)]
            residual = learned(site.lessons[: len(site) // 2])
            asked = [
                replace(site.comments[number], author=author)
                for number in np.flatnonzero(site.spam)
                if number >= len(site) // 2
            ]
            spam: list[Row] = rows(asked, site.base)
            before = residual.logits(spam)
            for number, row in enumerate(rows(said, site.base)):
                residual.learn(Lesson(row, False, "page owner", number * 3600 * 10**6))
            after = residual.logits(spam)
            moved.append(float(np.mean(after - before)))
            hold = np.array([site.base.thresholds.hold_if(signed=row.signed) for row in spam])
            still.append(float((sigmoid(after) > hold).mean()))
        found[f"after {count} approved comments"] = {
            "log-odds moved": f"{np.mean(moved):+.2f}",
            "spam caught": f"{100 * np.mean(still):.1f} %",
        }
    return found


if __name__ == "__main__":
    main()
