"""The constitution: RULES, in reading order; the first that speaks decides, and the last one says hold.

A rule is a plain function ``(case) -> Action | None``; None is "no opinion". Its name is the code that the API, the
page and the documentation show, and its docstring is the sentence.
"""

from collections.abc import Callable
from dataclasses import dataclass

from moderator.comment import Action, Comment
from moderator.known import NOTHING, Campaign, Host, Known, Sighting
from moderator.reading import Reading

# The comment that always is held, for a blog's connection test (as GTUBE is for mail).
TEST_AUTHOR = "moderator-test-hold"
# Those that Akismet's clients test with, and always get rejected: a name, its address, and a name from older days.
TEST_SPAMMERS = frozenset({"akismet-guaranteed-spam", "akismet-guaranteed-spam@example.com", "viagra-test-123"})
# Nobody reads a post, writes a sentence and sends it in less; a prepared text is pasted and sent in about two seconds.
LEAST_SECONDS = 1.0
# How alike a comment must be to one of a campaign that one human has called spam, to be rejected for it. Where several
# were called so, as when all of a campaign are judged at once, any of the campaign's (campaigns.LIKE) will do.
SURELY_LIKE = 0.6
SEVERAL = 3
# A verdict on a campaign that has not come for so long rejects no more, it holds.
STALE_CAMPAIGN = 60 * 86_400 * 1_000_000  # microseconds
# The fifth that says the same within a day waits for a human.
SPREADS = 4
# Within ten minutes, beyond what people do; a post or a site must also have ten times as many as it has on the average.
MOST_FROM_ADDRESS = 30
MOST_BY_AUTHOR = 10
MOST_WITH_HOST = 15
MOST_ON_POST = 60
MOST_ON_SITE = 120
MORE_THAN_USUAL = 10
TEN_MINUTES = 600 * 1_000_000
# An author with so many comments that humans approved may link wherever they like.
APPROVED_OFTEN = 5


@dataclass(frozen=True, slots=True)
class SitePolicy:
    """What a site's owner chose.

    ``hold_above`` and ``reject_above`` are scores (probabilities); None means the model's own threshold for its
    error budget. The six lists hold lower-case texts: words, hosts (each with its subdomains), and authors (a name,
    an e-mail address or a web address).

    ``hold_budget`` and ``reject_budget`` are shares of this site's good comments that may be held, and rejected, in
    place of scores. What follows from them for the model ``derived_model`` was derived from ``derived_from`` good
    comments of the site; None: those were too few. ``shadow``: decisions are stored, and the blog is told *approve*.
    """

    hold_above: float | None = None
    reject_above: float | None = None
    blocked_words: tuple[str, ...] = ()
    blocked_hosts: tuple[str, ...] = ()
    blocked_authors: tuple[str, ...] = ()
    allowed_authors: tuple[str, ...] = ()
    hold_budget: float | None = None
    reject_budget: float | None = None
    derived_model: str = ""
    derived_from: int = 0
    derived_hold: float | None = None
    derived_reject: float | None = None
    shadow: bool = False
    allowed_words: tuple[str, ...] = ()
    allowed_hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Scores above which a comment is held, and above which it is rejected. ``reject`` None: never by score alone.

    A comment that nobody signed (no name, no address) gives less to judge by, so its scores lie closer together:
    ``unsigned_hold`` is its own threshold for the same share of good comments.
    """

    hold: float
    reject: float | None
    unsigned_hold: float | None = None

    def hold_for(self, reading: Reading) -> float:
        """The score above which this comment is held."""
        return self.hold_if(signed=reading.signed)

    def hold_if(self, *, signed: bool) -> float:
        """The score above which a comment that somebody signed, or nobody did, is held."""
        return self.hold if self.unsigned_hold is None or signed else self.unsigned_hold


def lines(site: SitePolicy, model: str, thresholds: Thresholds) -> Thresholds:
    """The thresholds that hold for this site with this model.

    A budget that cannot be kept yet, for want of good comments of the site, leaves the model's own line for holding,
    which all sites share, and lets nothing be rejected by its score.
    """
    derived = site.derived_model == model
    hold, reject, unsigned = thresholds.hold, thresholds.reject, thresholds.unsigned_hold
    if site.hold_budget is not None and derived and site.derived_hold is not None:
        hold, unsigned = site.derived_hold, None
    if site.reject_budget is not None:
        reject = site.derived_reject if derived else None
    if reject is not None:
        reject = max(reject, hold)
    return Thresholds(hold, reject, unsigned)


@dataclass(frozen=True, slots=True)
class Case:
    """All that a rule may look at. ``score`` None means that the classifier could not answer."""

    comment: Comment
    reading: Reading
    site: SitePolicy
    score: float | None
    thresholds: Thresholds
    known: Known = NOTHING


Rule = Callable[[Case], Action | None]


def _is_one_of(case: Case, authors: tuple[str, ...]) -> bool:
    author = case.comment.author
    return any(text.strip().lower() in authors for text in (author.name, author.email, author.url) if text)


def _is_within(host: str, hosts: tuple[str, ...]) -> bool:
    return any(host == one or host.endswith("." + one) for one in hosts)


def _has_one_of(case: Case, words: tuple[str, ...]) -> bool:
    text = f" {' '.join(case.reading.words)} "
    return any(f" {word} " in text for word in words)


def test_comment(case: Case) -> Action | None:
    """The author's name is the one that asks for a test answer."""
    return Action.HOLD if case.comment.author.name == TEST_AUTHOR else None


def test_rejection(case: Case) -> Action | None:
    """The author's name or address is one that asks for a test rejection."""
    author = case.comment.author
    return Action.REJECT if author.name in TEST_SPAMMERS or author.email in TEST_SPAMMERS else None


def blocked_author(case: Case) -> Action | None:
    """The site's owner has blocked this author."""
    return Action.REJECT if case.site.blocked_authors and _is_one_of(case, case.site.blocked_authors) else None


def blocked_host(case: Case) -> Action | None:
    """It links to a host that the site's owner has blocked."""
    if not case.site.blocked_hosts:
        return None
    blocked = any(_is_within(link.host, case.site.blocked_hosts) for link in case.reading.all_links)
    return Action.REJECT if blocked else None


def blocked_word(case: Case) -> Action | None:
    """It has a word that the site's owner has blocked."""
    if not case.site.blocked_words:
        return None
    return Action.REJECT if _has_one_of(case, case.site.blocked_words) else None


def allowed_word(case: Case) -> Action | None:
    """It has a word that the site's owner always lets through."""
    return Action.APPROVE if case.site.allowed_words and _has_one_of(case, case.site.allowed_words) else None


def allowed_host(case: Case) -> Action | None:
    """It links to nothing but hosts that the site's owner always lets through."""
    if not case.site.allowed_hosts or not case.reading.all_links:
        return None
    allowed = all(_is_within(link.host, case.site.allowed_hosts) for link in case.reading.all_links)
    return Action.APPROVE if allowed else None


def allowed_author(case: Case) -> Action | None:
    """The site's owner always lets this author through."""
    return Action.APPROVE if case.site.allowed_authors and _is_one_of(case, case.site.allowed_authors) else None


def own_administrator(case: Case) -> Action | None:
    """The blog says that its own administrator wrote it."""
    return Action.APPROVE if case.comment.role == "administrator" else None


def campaign_called_spam(case: Case) -> Action | None:
    """Comments that say nearly the same were called spam on this site."""
    campaign = case.known.campaign
    if campaign is None or not campaign.spam_here or _disputed(campaign):
        return None
    alike = campaign.like >= SURELY_LIKE or campaign.spam_here >= SEVERAL
    fresh = case.known.at - campaign.seen.last < STALE_CAMPAIGN
    return Action.REJECT if alike and fresh and not _approved_before(case) else None


def campaign_in_question(case: Case) -> Action | None:
    """Comments that say nearly the same were called spam, but on another site, long ago, or not all of them."""
    campaign = case.known.campaign
    return Action.HOLD if campaign is not None and campaign.spam else None


def spreading_campaign(case: Case) -> Action | None:
    """Comments that say nearly the same come again and again within a day."""
    campaign = case.known.campaign
    if campaign is None:
        return None
    most = SPREADS * MORE_THAN_USUAL if campaign.ham else SPREADS
    return Action.HOLD if campaign.seen.lately >= most else None


def _disputed(campaign: Campaign) -> bool:
    """Whether there are good ones among them: somebody may have copied those to have them rejected."""
    return campaign.ham > 0 or campaign.approved


def _approved_before(case: Case) -> bool:
    author = case.known.author
    return author is not None and author.ham > author.spam


def new_host_of_known_author(case: Case) -> Action | None:
    """Its author was approved before, but not with a link to this host, which is new here."""
    author = case.known.author
    if author is None or not 0 < author.ham < APPROVED_OFTEN:
        return None
    return Action.HOLD if any(_is_new(host) and not _is_own(host, case) for host in case.known.hosts) else None


def _is_new(host: Host) -> bool:
    return host.here is None or not host.here.ham


def _is_own(host: Host, case: Case) -> bool:
    """Whether it is the blog's own."""
    return f"//{host.name}/" in case.comment.post.url.replace("//www.", "//")


def flood_from_address(case: Case) -> Action | None:
    """Dozens of comments have come from its network address within ten minutes."""
    return _beyond(case.known.address, MOST_FROM_ADDRESS)


def flood_by_author(case: Case) -> Action | None:
    """Its author has sent ten comments or more within ten minutes."""
    return _beyond(case.known.author, MOST_BY_AUTHOR)


def flood_with_host(case: Case) -> Action | None:
    """Many comments within ten minutes link to the same host, which no human has approved here."""
    many = [host for host in case.known.hosts if _is_new(host) and not _is_own(host, case)]
    return Action.HOLD if any(_beyond(host.here, MOST_WITH_HOST) for host in many) else None


def flood_on_post(case: Case) -> Action | None:
    """Its post gets far more comments than usual, and its author is not known here."""
    return None if _approved_before(case) else _beyond(case.known.post, MOST_ON_POST, usual_at=case.known.at)


def flood_on_site(case: Case) -> Action | None:
    """The site gets far more comments than usual, and its author is not known here."""
    return None if _approved_before(case) else _beyond(case.known.site, MOST_ON_SITE, usual_at=case.known.at)


def _beyond(seen: Sighting | None, most: int, *, usual_at: int | None = None) -> Action | None:
    """Hold, where more have come within ten minutes; and with ``usual_at``, the time now, than usual.

    What is usual nobody knows in the first day.
    """
    if seen is None or seen.lately < most:
        return None
    if usual_at is not None:
        spans = (usual_at - seen.first) / TEN_MINUTES
        if spans < 144 or seen.lately < MORE_THAN_USUAL * seen.total / spans:
            return None
    return Action.HOLD


def filled_honeypot(case: Case) -> Action | None:
    """A field that people do not see was filled in."""
    return Action.HOLD if case.comment.honeypot.strip() else None


def sent_at_once(case: Case) -> Action | None:
    """It was written and sent in less than a second."""
    seconds = case.comment.behaviour.seconds
    return Action.HOLD if seconds is not None and seconds < LEAST_SECONDS else None


def link_without_script(case: Case) -> Action | None:
    """It has a link, and the blog's page never ran its script, as programs leave it."""
    return Action.HOLD if case.comment.behaviour.script is False and case.reading.all_links else None


def too_complex(case: Case) -> Action | None:
    """It is too long or too tangled to be read in time, so a human should."""
    return Action.HOLD if case.reading.too_complex else None


def link_only(case: Case) -> Action | None:
    """It is nothing but a link."""
    return Action.HOLD if case.reading.link_only else None


def nothing_to_read(case: Case) -> Action | None:
    """A reader would see no word in it."""
    return Action.HOLD if not case.reading.words and not case.reading.has_symbols else None


def hidden_text(case: Case) -> Action | None:
    """It hides text or turns its direction round, so that readers do not see what is there."""
    return Action.HOLD if case.reading.hides else None


def letters_in_disguise(case: Case) -> Action | None:
    """Its letters are exchanged, decorated or spaced out, as filters are tricked."""
    return Action.HOLD if case.reading.disguises_letters else None


def unreadable(case: Case) -> Action | None:
    """It has something encoded that only a program can read."""
    return Action.HOLD if case.reading.is_blob else None


def no_score(case: Case) -> Action | None:
    """The classifier could not answer."""
    return Action.HOLD if case.score is None else None


def by_score(score: float, site: SitePolicy, thresholds: Thresholds, *, signed: bool) -> Action:
    """What a score alone decides; the two rules of the classifier, for comments of which nobody has spoken before."""
    reject = site.reject_above if site.reject_above is not None else thresholds.reject
    if reject is not None and score > reject:
        return Action.REJECT
    hold = site.hold_above if site.hold_above is not None else thresholds.hold_if(signed=signed)
    return Action.APPROVE if score <= hold else Action.HOLD


def _says(case: Case, action: Action) -> Action | None:
    """The action, if it is what the score decides."""
    if case.score is None:
        return None
    decided = by_score(case.score, case.site, case.thresholds, signed=case.reading.signed)
    return action if decided is action else None


def surely_spam(case: Case) -> Action | None:
    """The classifier is nearly certain that it is spam."""
    return _says(case, Action.REJECT)


def probably_fine(case: Case) -> Action | None:
    """The classifier takes it for a good comment."""
    return _says(case, Action.APPROVE)


def in_doubt(case: Case) -> Action | None:
    """It may be spam, so it waits for a human."""
    return Action.HOLD


RULES: tuple[Rule, ...] = (
    # What the operator has said outright comes first.
    test_comment,
    test_rejection,
    blocked_author,
    blocked_host,
    blocked_word,
    allowed_author,
    allowed_word,
    allowed_host,
    own_administrator,
    # What humans have said of those that say the same, and that nobody has said anything of yet.
    campaign_called_spam,
    campaign_in_question,
    spreading_campaign,
    # What its form says, whatever the words.
    filled_honeypot,
    sent_at_once,
    link_without_script,
    too_complex,
    link_only,
    nothing_to_read,
    hidden_text,
    # Who it comes from, and how many come with it.
    new_host_of_known_author,
    flood_from_address,
    flood_by_author,
    flood_with_host,
    flood_on_post,
    flood_on_site,
    # What the classifier is sure of, either way.
    no_score,
    surely_spam,
    # How it is written: never approved by score, but rejected where the classifier sees through it.
    letters_in_disguise,
    unreadable,
    probably_fine,
    # Everything else waits for a human.
    in_doubt,
)


def sentence(rule: Rule) -> str:
    """The rule's one-sentence docstring, as it is shown."""
    return (rule.__doc__ or "").strip()


def decide(case: Case) -> tuple[Action, Rule]:
    """Ask each rule in turn; the first answer stands."""
    for rule in RULES:
        action = rule(case)
        if action is not None:
            return action, rule
    raise AssertionError("the last rule always speaks")
