"""One comment as a moderator meets it: the text, why it was decided so, and what the model that answers now says."""

from collections.abc import Sequence
from dataclasses import dataclass

from moderator import links, policy
from moderator.classifier import Classifier, Explanation
from moderator.comment import Action, Reason, Status, Word
from moderator.policy import Case, Thresholds
from moderator.reading import Reading, read
from moderator.review.language import gettext, marked, number
from moderator.review.sentences import RULES as SENTENCES
from moderator.review.sentences import told
from moderator.review.shown import Folded, Piece, folded, is_plain, pieces, short
from moderator.store import Site, StoredComment

MOST_LINKS = 8
MOST_WORDS = 5

DISGUISES = {
    "invisible": marked("invisible characters inside words"),
    "overrides": marked("controls that turn the direction of the text round"),
    "lookalikes": marked("letters of another script that look like these"),
    "ornaments": marked("letters from ornamental alphabets"),
    "marks": marked("marks stacked on letters"),
    "spaced": marked("words w r i t t e n like this"),
}


@dataclass(frozen=True, slots=True)
class ShownLink:
    """One link: where it really leads, as what it is shown, and what is odd about it."""

    host: tuple[Piece, ...]
    address: tuple[Piece, ...]
    anchor: tuple[Piece, ...]
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Today:
    """What the model that is current now makes of it."""

    model: str
    score: float | None
    action: Action


@dataclass(frozen=True, slots=True)
class Card:
    """All that the page shows of one comment. ``today`` is None where the current model is the one that decided.

    ``blind``: it is to be judged without the machine's opinion, so there is none in it.
    """

    stored: StoredComment
    text: Folded
    sent: Folded | None
    sent_matters: bool
    because: str
    reasons: tuple[Reason, ...]
    threshold: float | None
    towards_spam: tuple[tuple[str, float], ...]
    towards_ham: tuple[tuple[str, float], ...]
    links: tuple[ShownLink, ...]
    more_links: int
    hidden: Folded | None
    disguises: tuple[str, ...]
    today: Today | None
    parts: tuple[tuple[str, float], ...]
    blind: bool = False

    @property
    def score(self) -> float | None:
        """Today's: what waits is scored anew after its site's verdicts."""
        return self.stored.score

    @property
    def words(self) -> tuple[Word, ...]:
        """The verdicts that can be given on it now."""
        given = self.stored.verdict.word if self.stored.verdict else None
        offered = [Word.HAM, Word.SPAM, Word.UNWANTED]
        if self.stored.status is not Status.HELD and not self.blind:
            offered.append(Word.OPEN)
        return tuple(word for word in offered if word is not given)


def card(
    stored: StoredComment,
    *,
    site: Site | None,
    classifier: Classifier | None,
    whole: bool = False,
    blind: bool = False,
) -> Card:
    """The card of a stored comment. ``whole``: with every part of the score, for the page of one comment."""
    comment, decision = stored.comment, stored.decision
    if blind:
        classifier = None
    reading = read(comment)
    explained = classifier.explain(reading) if classifier and not reading.too_complex else None
    rules_own = site.policy if site else policy.SitePolicy()
    own_lines = policy.lines(rules_own, classifier.id, classifier.thresholds) if classifier else None
    thresholds = own_lines or Thresholds(hold=0.0, reject=None)
    threshold = (
        rules_own.hold_above
        if rules_own.hold_above is not None
        else thresholds.hold_for(reading)
        if classifier
        else None
    )
    today = None
    if classifier is not None and classifier.id != decision.model:
        score = explained.score if explained else None
        action, _ = policy.decide(Case(comment, reading, rules_own, score, thresholds))
        today = Today(classifier.id, score, action)
    because, reasons = _why(stored)
    plain = is_plain(comment.body)
    return Card(
        stored=stored,
        text=folded(reading.text, explained.words if explained else ()),
        sent=None if comment.body.strip() == reading.text else folded(comment.body),
        sent_matters=not plain,
        because=because,
        # The page names the very words; the sentence about some of them would say it twice.
        reasons=reasons if explained is None else tuple(reason for reason in reasons if reason.code != "words"),
        threshold=threshold,
        towards_spam=_heaviest(reading, explained, 1),
        towards_ham=_heaviest(reading, explained, -1),
        links=_links(reading),
        more_links=max(len(reading.all_links) - MOST_LINKS, 0),
        hidden=folded(reading.hidden) if reading.hidden.strip() else None,
        disguises=_disguises(reading),
        today=today,
        parts=explained.parts if explained and whole else (),
        blind=blind,
    )


def _why(stored: StoredComment) -> tuple[str, tuple[Reason, ...]]:
    """The sentence of the rule that spoke, and the other reasons."""
    reasons = stored.decision.reasons
    for reason in reasons:
        if reason.code == stored.decision.rule:
            return told(reason.text), tuple(other for other in reasons if other is not reason)
    rule = stored.decision.rule
    return told(SENTENCES.get(rule, rule.replace("_", " "))), reasons


def _heaviest(reading: Reading, explained: Explanation | None, sign: int) -> tuple[tuple[str, float], ...]:
    """The words that weigh most in one direction, for those who do not see the shades."""
    if explained is None:
        return ()
    weights: dict[str, float] = {}
    for word in explained.words:
        text = reading.text[word.start : word.end].strip(".,;:!?()\"'“”«» ").lower()[:40]
        if text and word.weight * sign >= 0.04:
            weights[text] = weights.get(text, 0.0) + word.weight
    return tuple(sorted(weights.items(), key=lambda item: -abs(item[1]))[:MOST_WORDS])


def _links(reading: Reading) -> tuple[ShownLink, ...]:
    found = []
    for link in reading.all_links[:MOST_LINKS]:
        remarks = []
        if link is reading.author_link:
            remarks.append(gettext("the author's own"))
        if link.disguised:
            remarks.append(gettext("written in disguise"))
        if link.anchor and "." in link.anchor and _names_another(link.anchor, link.host):
            remarks.append(gettext("its text names another host"))
        if not link.host.isascii():
            remarks.append(gettext("letters beyond ASCII in the host"))
        anchor = short(link.anchor, 60) if link.anchor and link.anchor != link.address else ()
        found.append(ShownLink(pieces(link.host), short(link.address, 160), anchor, tuple(remarks)))
    return tuple(found)


def _names_another(anchor: str, host: str) -> bool:
    """Whether the text of a link is itself an address, of another host than it leads to."""
    named = next((link.host for _, _, link in links.bare(anchor[:300])), "")
    return bool(named) and named != host and not host.endswith("." + named)


def _disguises(reading: Reading) -> tuple[str, ...]:
    counted: Sequence[tuple[str, int]] = list(reading.disguises._asdict().items())
    return tuple(
        f"{number(count)} {gettext(DISGUISES[name])}" for name, count in counted if count and name in DISGUISES
    )
