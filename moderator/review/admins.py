"""What only administrators may do, and how a form of theirs counts once."""

import hashlib

from flask import Blueprint, abort, request

from moderator.review.desk import Desk, session
from moderator.review.errors import AdminsOnly
from moderator.store import Receipt, Role, Site

# The first part of the addresses that are theirs.
THEIRS = frozenset({"sites", "people"})
# How the addresses name a row: what no database would take is no page.
NUMBER = "int(max=2147483647)"


def add(blueprint: Blueprint) -> None:
    """Let moderators past no address of administrators. After guard.py, which knows who is there."""

    @blueprint.before_request
    def admins_only() -> None:
        if request.path.split("/")[1] in THEIRS and session().person.role is not Role.ADMIN:
            raise AdminsOnly


def is_first(desk: Desk, site: Site) -> bool:
    """Whether this form was not sent before. What makes a secret asks, so that a double click makes one, not two.

    True once for each token and address; the claim is in the store, so it holds for all workers, for a day.
    """
    name = f"form\n{request.path}\n{request.form['token']}"
    receipt = Receipt(name, hashlib.sha256(name.encode("utf-8", "replace")).hexdigest())
    return not desk.store.once.remember_many(site, (), [receipt], at=desk.clock()).again


def site_of(desk: Desk, site_id: int) -> Site:
    """The site of this number; 404 where there is none."""
    site = desk.store.site(site_id)
    if site is None:
        abort(404)
    return site
