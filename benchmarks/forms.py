"""What the rules of form cost: how many good comments of all labelled sets each would hold, and how much spam has it.

    python benchmarks/forms.py --json

The rules that speak whatever the score is are in ``moderator/policy.py``; each is counted by itself, whichever would
have spoken first.
"""

import json
import sys
from collections import Counter
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.kit.data import Missing, load, names
from moderator import policy
from moderator.known import NOTHING
from moderator.moderation import NO_THRESHOLDS
from moderator.policy import Case, SitePolicy
from moderator.reading import read

RULES = (policy.hidden_text, policy.letters_in_disguise, policy.unreadable, policy.too_complex)
ANY = "any of them"


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--only", default="", help="Sets whose names begin so.")
def main(as_json: bool, only: str) -> None:
    """The share of good comments and of spam that each rule of form holds, in per cent."""
    try:
        sets = names(only)
    except Missing as error:
        raise click.ClickException(str(error)) from None
    many: Counter[bool] = Counter()
    held: Counter[tuple[str, bool]] = Counter()
    for name in sets:
        found = load(name)
        for comment, spam in zip(found.comments, found.spam.tolist(), strict=True):
            many[spam] += 1
            case = Case(comment, read(comment), SitePolicy(), 0.5, NO_THRESHOLDS, NOTHING)
            spoke = [rule.__name__ for rule in RULES if rule(case)]
            held.update((rule, spam) for rule in [*spoke, *([ANY] if spoke else [])])
    shares = {
        rule: {
            "good": 100 * held[rule, False] / max(many[False], 1),
            "spam": 100 * held[rule, True] / max(many[True], 1),
        }
        for rule in [*(rule.__name__ for rule in RULES), ANY]
    }
    if as_json:
        print(json.dumps({"good": many[False], "spam": many[True], "per_cent_held": shares}, indent=2))
        return
    print(f"{many[False]:,} good comments, {many[True]:,} spam")
    for rule, share in shares.items():
        print(f"{rule:22} {share['good']:7.3f} % of good   {share['spam']:7.3f} % of spam")


if __name__ == "__main__":
    main()
