"""A site's policy: the form, what it would have changed, and only then saving it."""

from dataclasses import replace

from flask import Blueprint, Response, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from moderator.review import policy_form
from moderator.review.admins import NUMBER, site_of
from moderator.review.budgets import derived, kept
from moderator.review.desk import Desk
from moderator.review.language import decimals, gettext
from moderator.review.policy_form import Asked
from moderator.review.policy_preview import Preview, preview
from moderator.store import PolicyChanged, Site


def add(blueprint: Blueprint, desk: Desk) -> None:
    """The form, its preview, and saving exactly what was previewed."""

    @blueprint.get(f"/sites/<{NUMBER}:site_id>/policy")
    def policy(site_id: int) -> Response:
        site = site_of(desk, site_id)
        return _page(desk, site, Asked(site.policy, policy_form.typed(site.policy), {}))

    @blueprint.post(f"/sites/<{NUMBER}:site_id>/policy/preview")
    def preview_policy(site_id: int) -> Response:
        site, asked = site_of(desk, site_id), policy_form.asked(request.form)
        if asked.problems:
            return _page(desk, site, asked, status=422)
        if request.form.get("seen") != policy_form.fingerprint(site.policy):
            return _changed(desk, site, asked)
        return _page(desk, site, _as_compared(asked), _preview(desk, site, asked))

    @blueprint.post(f"/sites/<{NUMBER}:site_id>/policy")
    def save_policy(site_id: int) -> AnyResponse:
        site, asked = site_of(desk, site_id), policy_form.asked(request.form)
        if asked.problems:
            return _page(desk, site, asked, status=422)
        if policy_form.chosen(site.policy) != asked.policy:  # else a double click: it is done
            if request.form.get("seen") != policy_form.fingerprint(site.policy):
                return _changed(desk, site, asked)
            try:
                wanted = derived(desk.store, site.id, asked.policy, desk.shelf.current())
                desk.store.set_policy(site.id, wanted, expected=site.policy)
            except PolicyChanged:
                return _changed(desk, site_of(desk, site_id), asked)
        return redirect(f"/sites/{site.id}#policy", code=303)


def _preview(desk: Desk, site: Site, asked: Asked) -> Preview:
    """With the thresholds that follow from the budgets that are asked for."""
    classifier = desk.shelf.current()
    wanted = derived(desk.store, site.id, asked.policy, classifier)
    return replace(preview(desk.store, desk.classifier(site), site, wanted), kept=kept(wanted))


def _as_compared(asked: Asked) -> Asked:
    """With the entries as the rules will compare them, so that nobody is surprised."""
    return Asked(asked.policy, policy_form.typed(asked.policy), {})


def _changed(desk: Desk, site: Site, asked: Asked) -> Response:
    """409: nothing was saved; the form has what was typed, and says in what it now differs from what stands."""
    differs = policy_form.differing(site.policy, asked.policy)
    stale = gettext(
        "What you typed differs from what now stands in: %(fields)s.", fields=", ".join(differs) or gettext("nothing")
    )
    return _page(desk, site, asked, stale=stale, status=409)


def _page(
    desk: Desk, site: Site, asked: Asked, found: Preview | None = None, *, stale: str = "", status: int = 200
) -> Response:
    classifier = desk.shelf.current()
    page = render_template(
        "policy.html",
        site=site,
        here=f"/sites/{site.id}/policy",
        asked=asked,
        preview=found,
        stale=stale,
        seen=policy_form.fingerprint(site.policy),
        lists=policy_form.LISTS,
        thresholds=policy_form.THRESHOLDS,
        own=_own(classifier.thresholds.hold, classifier.thresholds.reject) if classifier else {},
        same=asked.policy == policy_form.chosen(site.policy),
        budgets=policy_form.BUDGETS,
        stands=kept(site.policy),
    )
    return make_response(page, status)


def _own(hold: float, reject: float | None) -> dict[str, str]:
    """The model's own thresholds in per cent, to one place: nobody types the sixteen that a fit gives."""
    own = {"hold_above": hold, "reject_above": reject}
    return {name: decimals(100 * score, 1) for name, score in own.items() if score is not None}
