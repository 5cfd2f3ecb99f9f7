"""Sentences of the layers below in the page's language: those of rules and signals, and reasons, which were stored.

A stored reason is an English sentence, some with a host or words filled in. It is taken apart by the same templates
that it was put together with; what no template fits is shown as it is.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from moderator import policy
from moderator.classifier import SIGNALS_SAY, SPACES_SAY
from moderator.moderation import COULD_NOT_JUDGE_SENTENCE, TOOK_TOO_LONG_SENTENCE
from moderator.review.language import gettext, locale, marked, ngettext

RULES = {rule.__name__: policy.sentence(rule) for rule in policy.RULES}
# Whole sentences, translated as they stand. Those that end a reason are told after its first part.
TOWARDS = (
    marked("That speaks for spam."),
    marked("That speaks strongly for spam."),
    marked("That speaks for a good comment."),
    marked("That speaks strongly for a good comment."),
)
# Sentences with something filled in; the first that fits counts.
FILLED = (
    marked("On this site humans approved %(good)s and rejected %(bad)s of this author."),
    marked("On this site humans approved %(good)s of this author."),
    marked("On this site humans rejected %(bad)s of this author."),
    marked("On this site humans approved %(good)s and rejected %(bad)s that link to %(host)s."),
    marked("On this site humans approved %(good)s that link to %(host)s."),
    marked("On this site humans rejected %(bad)s that link to %(host)s."),
    marked("On this site humans approved %(good)s and rejected %(bad)s from this network address."),
    marked("On this site humans approved %(good)s from this network address."),
    marked("On this site humans rejected %(bad)s from this network address."),
    marked("Words such as %(words)s."),
    marked("It is too long or too tangled to be read in time, so a human should: %(limit)s."),
    marked("It leads to %(host)s and %(others)s more; of the %(number)s words in its address the post has none."),
    marked("It leads to %(host)s and %(others)s more; of the %(number)s words in its address the post has %(shared)s."),
    marked("It leads to %(host)s; of the %(number)s words in its address the post has none."),
    marked("It leads to %(host)s; of the %(number)s words in its address the post has %(shared)s."),
    marked("It leads to %(host)s and %(others)s more."),
    marked("It leads to %(host)s."),
    marked(
        "Before it came %(number)s, from at least %(authors)s authors; "
        "judged so far: %(spam)s as spam, %(ham)s as good."
    ),
    marked("Before it came %(number)s; judged so far: %(spam)s as spam, %(ham)s as good."),
    marked("Before it came %(number)s, from at least %(authors)s authors."),
    marked("Before it came %(number)s."),
    marked("It links to %(hosts)s."),
    marked("On this site humans approved %(ham)s and rejected %(spam)s comments of this author."),
    marked("On this site humans approved %(ham)s and rejected %(spam)s comments that link to %(host)s."),
    marked("On this site humans approved %(ham)s and rejected %(spam)s comments from this network address."),
    marked("a password has %(least)s to %(most)s bytes, this one %(size)s; choose another"),
)


def sources() -> Iterable[tuple[str, str]]:
    """What is translated and stands in no call of gettext: each sentence, and where it comes from."""
    for name, sentence in RULES.items():
        yield sentence, f"rule {name}"
    for name, sentence in (*SIGNALS_SAY, *SPACES_SAY):
        yield sentence, f"signal {name}"
    yield COULD_NOT_JUDGE_SENTENCE, "moderation"
    yield TOOK_TOO_LONG_SENTENCE, "moderation"


@lru_cache(maxsize=1)
def _whole() -> frozenset[str]:
    return frozenset((*(sentence for sentence, _ in sources()), *TOWARDS))


@lru_cache(maxsize=1)
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Each template with what finds its texts; from the longest, so that the most telling fits first."""
    return tuple((template, _pattern(template)) for template in FILLED)


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"%\((\w+)\)s", template)
    found = [f"(?P<{part}>.{{1,400}}?)" if odd % 2 else re.escape(part) for odd, part in enumerate(parts)]
    return re.compile("".join(found), re.DOTALL)


def told(text: str) -> str:
    """A sentence in the page's language; in English, and where nobody has translated it, as it is."""
    if not text or locale().language == "en":
        return text
    whole = gettext(text)
    if whole != text or text in _whole():
        return whole
    for tail in TOWARDS:
        if text.endswith(f" {tail}"):
            return f"{told(text[: -len(tail) - 1])} {gettext(tail)}"
    for head in RULES.values():
        if text.startswith(f"{head} "):
            return f"{gettext(head)} {told(text[len(head) + 1 :])}"
    for template, pattern in _patterns():
        found = pattern.fullmatch(text)
        if found:
            return gettext(template, **{name: _counted(value) for name, value in found.groupdict().items()})
    return text


def _counted(value: str) -> str:
    """What is filled in: as it is, but for a number of comments."""
    found = re.fullmatch(r"(one|[\d,]+) comments?", value, re.ASCII)
    if found is None:
        return value
    return ngettext("%(num)s comment", "%(num)s comments", 1 if found[1] == "one" else int(found[1].replace(",", "")))
