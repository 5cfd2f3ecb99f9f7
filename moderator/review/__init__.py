"""The moderators' pages: log in, the queue, one comment, verdicts and undo. Whole without JavaScript."""

import hashlib
from functools import partial
from pathlib import Path

from flask import Blueprint, g

from moderator import settings as all_settings
from moderator.adaptation import Adaptation
from moderator.review import (
    account,
    actions,
    admins,
    callbacks,
    comment_page,
    digest_link,
    done,
    errors,
    guard,
    insights,
    keymap,
    language,
    login,
    markup,
    people,
    post,
    queue,
    shown,
    site_callback,
    site_keys,
    site_policy,
    site_trust,
    sites,
    wording,
)
from moderator.review.desk import Desk, Models, moment_of
from moderator.review.errors import error_page, wants_page
from moderator.review.sentences import RULES, told
from moderator.settings import Settings
from moderator.store import Clock, Deeds, Store

__all__ = ["blueprint", "error_page", "wants_page"]

HERE = Path(__file__).parent
STATIC = HERE / "static"


def blueprint(
    store: Store, shelf: Models, settings: Settings, clock: Clock, *, adaptation: Adaptation | None = None
) -> Blueprint:
    """The pages over an open store. The installation's secret is read, or made, in the data folder."""
    desk = Desk(
        store, shelf, adaptation or Adaptation(store, shelf), settings, clock, all_settings.secret(settings.data)
    )
    pages = Blueprint(
        "review", __name__, template_folder="templates", static_folder="static", static_url_path="/static"
    )
    language.add(pages)
    guard.add(pages, desk)
    admins.add(pages)
    errors.add(pages)
    login.add(pages, desk)
    queue.add(pages, desk)
    callbacks.add(pages, desk)
    comment_page.add(pages, desk)
    actions.add(pages, desk)
    account.add(pages, desk)
    keymap.add(pages, desk)
    insights.add(pages, desk)
    digest_link.add(pages, desk)
    pages.record_once(lambda state: post.keep(state.app, desk))
    for part in (people, sites, site_keys, site_callback, site_trust, site_policy):
        part.add(pages, desk)
    versions = {file.name: _digest(file) for file in STATIC.iterdir() if file.is_file()}

    @pages.app_context_processor
    def for_templates() -> dict[str, object]:
        session = g.get("session")
        return {
            "me": session.person if session else None,
            "form_token": partial(guard.token, desk),
            "done": done.of_session(desk) if session else Deeds(),
            "is_news": partial(done.is_news, desk),
            "said": done.said,
            "taken_back": done.taken_back,
            "asked": done.ASKED,
            "act_of": done.ACTS,
            "keys": keymap.of_session(desk) if session else keymap.Keys(off=True),
            "key_actions": keymap.ACTIONS,
            "moment": moment_of,
            "day": language.day,
            "acted": wording.ACTED,
            "stands": wording.said_of,
            "would": {action: told(words) for action, words in wording.WOULD.items()},
            "becomes_words": wording.BECOMES,
            "machine": wording.MACHINE,
            "machine_at": wording.MACHINE_AT,
            "human": wording.HUMAN,
            "took_back": wording.TOOK_BACK,
            "edited": wording.EDITED,
            "called": wording.CALLED,
            "given": done.SAID,
            "delivery": wording.DELIVERY,
            "sentences": RULES,
            "languages": language.LANGUAGES,
            "markup": markup,
            "short": shown.short,
            "folded": shown.folded,
            "told": told,
            "when": language.when,
            "ago": lambda moment: language.ago(moment, clock()),
            "number": language.number,
            "decimals": language.decimals,
            "share": language.share,
            "rate": language.rate,
            "per_cent": language.per_cent,
            "language": language.locale().language,
            "direction": language.direction(),
            "static": lambda name: f"/static/{name}?v={versions[name]}",
        }

    return pages


def _digest(file: Path) -> str:
    """What makes a new address of a changed file."""
    return hashlib.sha256(file.read_bytes()).hexdigest()[:12]
