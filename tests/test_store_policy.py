"""A site's policy is replaced only where it still is the one that was looked at."""

import pytest

from moderator.policy import SitePolicy
from moderator.store import PolicyChanged, Site, Store, StoreError

FIRST, SECOND = SitePolicy(hold_above=0.1, blocked_words=("casino",)), SitePolicy(hold_above=0.3)


def test_a_policy_is_replaced_where_it_is_the_expected_one(store: Store, site: Site) -> None:
    store.set_policy(site.id, FIRST, expected=SitePolicy())
    assert store.set_policy(site.id, SECOND, expected=FIRST).policy == SECOND


def test_a_policy_that_was_changed_meanwhile_stays(store: Store, site: Site) -> None:
    store.set_policy(site.id, FIRST)
    with pytest.raises(PolicyChanged):
        store.set_policy(site.id, SECOND, expected=SitePolicy())
    found = store.site(site.id)
    assert found is not None
    assert found.policy == FIRST


def test_a_site_that_is_not_there_is_said_so(store: Store) -> None:
    with pytest.raises(StoreError, match="no site number 99"):
        store.set_policy(99, FIRST, expected=SitePolicy())
