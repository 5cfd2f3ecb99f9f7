"""One comment as a moderator meets it: the text, why it was decided so, and what the model that answers now says."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from moderator import links, policy
from moderator.classifier import Classifier, Explanation
from moderator.comment import Action, Reason, Status, Word
from moderator.known import Sighting
from moderator.policy import Case, Thresholds
from moderator.reading import Reading, read
from moderator.review.language import gettext, marked, number
from moderator.review.past import NOTHING, Past
from moderator.review.sentences import RULES as SENTENCES
from moderator.review.sentences import told
from moderator.review.shown import Folded, Piece, Room, folded, is_plain, short
from moderator.store import Site, StoredComment

MOST_LINKS = 8
MOST_LINKS_IN_A_QUEUE = 4
MOST_WORDS = 4
MOST_PARTS, MOST_PARTS_OF_ONE = 4, 24
# Bytes of the heads of a text, and of what stands beside it, on a page of many cards.
HEAD, ASIDE = 1600, 500

STANDING = marked("What moderators said before of its author, its links and where it came from.")

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
    seen: Sighting | None


@dataclass(frozen=True, slots=True)
class Today:
    """What the model that is current now makes of it."""

    model: str
    score: float | None
    action: Action


@dataclass(frozen=True, slots=True)
class Sum:
    """A score as the sum that it is, in log-odds: ``parts`` with their sentences, ``rest`` of ``others`` smaller ones,
    and what every comment begins with. As they are shown, with two decimals, they add up to the ``total``."""

    parts: tuple[tuple[str, float], ...]
    others: int
    rest: float
    begin: float
    total: float
    score: float


@dataclass(frozen=True, slots=True)
class Card:
    """All that the page shows of one comment. ``today`` is None where the current model is the one that decided.

    ``unsure`` has the logins of those who were not sure of it.
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
    sum: Sum | None
    parent: Folded | None
    parent_id: str
    unsure: tuple[str, ...]
    past: Past
    blind: bool = False

    @property
    def score(self) -> float | None:
        """Today's: what waits is scored anew after its site's verdicts."""
        return self.stored.score

    @property
    def words(self) -> tuple[Word | None, ...]:
        """What can be said of it now; None: nothing, somebody else may be surer."""
        given = self.stored.verdict.word if self.stored.verdict else Word.OPEN
        offered = [word for word in (Word.HAM, Word.SPAM, Word.UNWANTED) if word is not given]
        if self.blind:
            return tuple(offered)
        return (*offered, None if self.stored.status is Status.HELD else Word.OPEN)


def card(
    stored: StoredComment,
    *,
    site: Site | None,
    classifier: Classifier | None,
    room: Room | None = None,
    unsure: tuple[str, ...] = (),
    parent: StoredComment | None = None,
    blind: bool = False,
    reading: Reading | None = None,
    past: Past = NOTHING,
) -> Card:
    """The card of a stored comment. ``room``: what a page of many has left for it; ``parent``: the one it answers.

    ``past``: what is known from before; ``reading``: the comment's, where it was read already.
    """
    comment, decision = stored.comment, stored.decision
    if blind:
        classifier = None
    reading = reading or read(comment)
    explained = classifier.explain(reading) if classifier and not reading.too_complex else None
    if explained is not None:
        explained = explained.adjusted(gettext(STANDING), stored.standing)
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
    most_links = MOST_LINKS if room is None else MOST_LINKS_IN_A_QUEUE
    found = _links(reading, most_links, past)
    if room is not None:
        author, post = comment.author, comment.post
        room.charge(
            *(short(text) for text in (author.name, author.email, author.url, post.title or post.url, comment.ip))
        )
        room.charge(*(line for link in found for line in (link.host, link.address, link.anchor)))
    aside = partial(folded, room=room, head=ASIDE)
    said_before = comment.parent.text or (parent.comment.body if parent else "")
    return Card(
        stored=stored,
        text=folded(reading.text, explained.words if explained else (), room=room, head=HEAD),
        sent=None if comment.body.strip() == reading.text else aside(comment.body),
        sent_matters=not is_plain(comment.body),
        because=because,
        # The page names the very words; the sentence about some of them would say it twice.
        reasons=reasons if explained is None else tuple(reason for reason in reasons if reason.code != "words"),
        threshold=threshold,
        towards_spam=_heaviest(reading, explained, 1),
        towards_ham=_heaviest(reading, explained, -1),
        links=found,
        more_links=max(len(reading.all_links) - most_links, 0),
        hidden=aside(reading.hidden) if reading.hidden.strip() else None,
        disguises=_disguises(reading),
        today=today,
        sum=_sum(explained, MOST_PARTS if room is not None else MOST_PARTS_OF_ONE) if explained else None,
        parent=aside(said_before) if said_before else None,
        parent_id=parent.id if parent else "",
        unsure=unsure,
        past=past,
        blind=blind,
    )


def _sum(explained: Explanation, most: int) -> Sum:
    """The parts that are shown, and the rest; rounded here, so that what is shown adds up."""
    parts = tuple((says, round(weight, 2)) for says, weight in explained.parts[:most])
    begin, total = round(explained.bias, 2), round(explained.logit, 2)
    rest = round(total - begin - sum(weight for _, weight in parts), 2) + 0.0  # no −0.0
    return Sum(parts, max(len(explained.parts) - most, 0), rest, begin, total, explained.score)


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


def _links(reading: Reading, most: int, past: Past) -> tuple[ShownLink, ...]:
    found = []
    for link in reading.all_links[:most]:
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
        found.append(
            ShownLink(
                short(link.host, 253), short(link.address, 160), anchor, tuple(remarks), past.hosts.get(link.host)
            )
        )
    return tuple(found)


def _names_another(anchor: str, host: str) -> bool:
    """Whether the text of a link is itself an address, of another host than it leads to."""
    named = next((link.host for _, _, link in links.bare(anchor[:300])), "")
    return bool(named) and named != host and not host.endswith("." + named)


def _disguises(reading: Reading) -> tuple[str, ...]:
    counted: Sequence[tuple[str, int]] = list(reading.disguises._asdict().items())
    return tuple(
        f"{gettext(DISGUISES[name])} ({number(count)})" for name, count in counted if count and name in DISGUISES
    )
