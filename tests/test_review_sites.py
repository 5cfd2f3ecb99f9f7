"""The administrators' pages of sites: keys, secrets and callbacks."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from pathlib import Path

import pytest
from blogs import Blog
from review_desk import Desk, form

from moderator import settings
from moderator.store import CallbackKind, Purpose

OURS = "https://blog.example/moderated"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    desk.log_in_admin()
    yield desk
    desk.store.close()


def here(desk: Desk, *more: object) -> str:
    return "/".join(["/sites", str(desk.site.id), *map(str, more)])


def shown(page: str) -> str:
    found = re.search(r'id="secret" value="([^"]*)"', page)
    assert found, page
    return unescape(found[1])


def test_a_new_site_gets_a_key_that_works_and_is_shown_once(desk: Desk) -> None:
    page = desk.browser.get("/sites")
    answer = desk.submit(page, "/sites", name=" My garden ")
    key = shown(answer.text)
    site = desk.store.site_by_key(key)
    assert site is not None
    assert site.name == "My garden"
    assert key not in desk.browser.get("/sites").text + desk.browser.get(f"/sites/{site.id}").text
    again = desk.submit(page, "/sites", name="My garden")  # a double click
    assert again.status_code == 422
    assert "There is a site “My garden” already" in again.text


@pytest.mark.parametrize("name", ["", "   ", "x" * 201, "a\x00b", "a\u202eb", "a\nb"])
def test_what_cannot_be_a_name_is_refused_with_the_reason(desk: Desk, name: str) -> None:
    answer = desk.submit(desk.browser.get("/sites"), "/sites", name=name)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert len(desk.store.sites()) == 1


def test_keys_are_rotated_with_overlap(desk: Desk) -> None:
    (old,) = desk.store.keys(desk.site.id)
    key = shown(desk.submit(desk.browser.get(here(desk)), here(desk, "keys")).text)
    assert [one.revoked for one in desk.store.keys(desk.site.id)] == [None, None]
    answer = desk.submit(desk.browser.get(here(desk)), here(desk, "keys", old.id, "revoke"))
    assert answer.location == here(desk) + "#keys"
    first, second = desk.store.keys(desk.site.id)
    assert first.revoked is not None
    assert second.revoked is None
    assert desk.store.site_by_key(key) is not None


@pytest.mark.parametrize("what", ["keys", "akismet-keys", "secrets"])
def test_a_form_sent_twice_makes_one_secret(desk: Desk, what: str) -> None:
    page = desk.browser.get(here(desk))
    answers = [desk.submit(page, here(desk, what), purpose="webhook") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 409]
    assert "This form was sent before" in answers[1].text
    assert shown(answers[0].text) not in answers[1].text
    counts = {
        "keys": len(desk.store.keys(desk.site.id)) - 1,
        "akismet-keys": len(desk.store.akismet_keys.listed(desk.site.id)),
        "secrets": len(desk.store.secrets.listed(desk.site.id)),
    }
    assert counts == {name: int(name == what) for name in counts}
    desk.store.revoke_key(desk.store.keys(desk.site.id)[0].id)  # two may be live
    assert desk.submit(desk.browser.get(here(desk)), here(desk, what), purpose="webhook").status_code == 200


def test_a_form_sent_many_times_at_once_makes_one_key(desk: Desk) -> None:
    fields = form(desk.browser.get(here(desk)), here(desk, "akismet-keys"))
    cookie = desk.browser.get_cookie("moderator")
    assert cookie is not None

    def send(_: int) -> int:
        browser = desk.new_browser()
        browser.set_cookie("moderator", cookie.value)
        return browser.post(here(desk, "akismet-keys"), data=fields).status_code

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(send, range(4))) == [200, 409, 409, 409]
    assert len(desk.store.akismet_keys.listed(desk.site.id)) == 1


def test_an_akismet_key_works_until_it_is_revoked(desk: Desk) -> None:
    key = shown(desk.submit(desk.browser.get(here(desk)), here(desk, "akismet-keys")).text)
    pepper = settings.secret(desk.settings.data)
    found = desk.store.akismet_keys.site_of(key, pepper=pepper, address="192.0.2.1")
    assert found is not None
    assert found.id == desk.site.id
    (listed,) = desk.store.akismet_keys.listed(desk.site.id)
    desk.submit(desk.browser.get(here(desk)), here(desk, "akismet-keys", listed.id, "revoke"))
    (listed,) = desk.store.akismet_keys.listed(desk.site.id)
    assert listed.revoked is not None


def test_a_shared_secret_is_made_for_its_purpose_and_revoked(desk: Desk) -> None:
    page = desk.submit(desk.browser.get(here(desk)), here(desk, "secrets"), purpose="webhook")
    assert desk.store.secrets.live(desk.site.id, Purpose.WEBHOOK) == (shown(page.text),)
    (listed,) = desk.store.secrets.listed(desk.site.id)
    desk.submit(desk.browser.get(here(desk)), here(desk, "secrets", listed.id, "revoke"))
    assert desk.store.secrets.live(desk.site.id, Purpose.WEBHOOK) == ()


def test_corals_secret_is_taken_and_never_shown(desk: Desk) -> None:
    secret = "s3cret-of-coral"
    fields = {"purpose": "coral", "secret": secret}
    answer = desk.fill_in(desk.browser.get(here(desk)), here(desk, "secrets"), fields)
    assert answer.status_code == 303
    assert desk.store.secrets.live(desk.site.id, Purpose.CORAL) == (secret,)
    assert secret not in desk.browser.get(here(desk)).text


@pytest.mark.parametrize(("what", "about"), [("keys", "keys"), ("akismet-keys", "akismet"), ("secrets", "secrets")])
def test_a_third_live_one_is_refused_beside_what_to_revoke(desk: Desk, what: str, about: str) -> None:
    page = desk.browser.get(here(desk))
    for _ in range(3):
        page = desk.submit(desk.browser.get(here(desk)), here(desk, what), purpose="webhook")
    assert page.status_code == 409
    section = page.text.split(f'id="{about}"')[1].split("</section>")[0]
    assert "Two are live already" in section and section.count("/revoke") == 2


@pytest.mark.parametrize(
    ("purpose", "secret", "status", "says"),
    [("coral", "", 422, "Coral makes the secret"), ("webhook", "mine", 422, "Leave the secret empty"),
     ("coral", "x" * 501, 422, "no secret of Coral"), ("other", "", 400, "not complete")],
)  # fmt: skip
def test_a_secret_that_does_not_fit_its_purpose_is_refused(
    desk: Desk, purpose: str, secret: str, status: int, says: str
) -> None:
    fields = {"purpose": purpose, "secret": secret}
    answer = desk.fill_in(desk.browser.get(here(desk)), here(desk, "secrets"), fields)
    assert answer.status_code == status
    assert says in answer.text
    assert desk.store.secrets.listed(desk.site.id) == ()
    assert secret == "" or secret not in answer.text


@pytest.mark.parametrize("what", ["keys", "akismet-keys", "secrets"])
def test_what_belongs_to_another_site_cannot_be_revoked_here(desk: Desk, what: str) -> None:
    other, _ = desk.store.add_site("other")
    desk.store.secrets.add(other.id, Purpose.WEBHOOK)
    desk.store.akismet_keys.add(other.id, pepper=b"x" * 32)
    number = {
        "keys": desk.store.keys(other.id)[0].id,
        "akismet-keys": desk.store.akismet_keys.listed(other.id)[0].id,
        "secrets": desk.store.secrets.listed(other.id)[0].id,
    }[what]
    token = form(desk.browser.get("/sites"), "/sites")
    assert desk.browser.post(here(desk, what, number, "revoke"), data=token).status_code == 404
    assert desk.store.keys(other.id)[0].revoked is None
    assert desk.store.secrets.listed(other.id)[0].revoked is None
    assert desk.store.akismet_keys.listed(other.id)[0].revoked is None


@pytest.mark.parametrize("what", ["", "/policy", "/keys", "/secrets", "/callback", "/callback/test", "/policy/preview"])
def test_a_site_that_is_not_there_is_no_page(desk: Desk, what: str) -> None:
    fields = {**form(desk.browser.get("/sites"), "/sites"), "purpose": "webhook", "kind": "native"}
    for number in ("0", "99", "-1", "99999999999999999999", "x"):
        assert desk.browser.post(f"/sites/{number}{what}", data=fields).status_code in (404, 405)
        assert desk.browser.get(f"/sites/{number}{what}").status_code in (404, 405)


def set_callback(desk: Desk, url: str, kind: str = "native", secret: str = "") -> tuple[int, str]:
    answer = desk.submit(
        desk.browser.get(here(desk)), here(desk, "callback"), url=url, kind=kind, secret=secret
    )  # fmt: skip
    return answer.status_code, answer.text


def test_a_callback_is_set_and_its_secret_shown_once(desk: Desk) -> None:
    status, text = set_callback(desk, OURS)
    assert status == 200
    assert desk.store.secrets.live(desk.site.id, Purpose.CALLBACK) == (shown(text),)
    assert set_callback(desk, OURS + "/new")[0] == 303  # the same secret goes on
    found = desk.store.callbacks.of(desk.site.id)
    assert found is not None
    assert (found.url, found.allow_private) == (OURS + "/new", False)
    assert OURS + "/new" in desk.browser.get(here(desk)).text


@pytest.mark.parametrize(
    ("url", "kind", "secret", "says"),
    [
        ("ftp://blog.example/", "native", "", "must begin with https://"),
        ("https://ann:pw@blog.example/", "native", "", "has a login in it"),
        ("http://127.0.0.1/", "native", "", "sites callback set … --allow-private"),
        ("http://169.254.169.254/latest", "native", "", "may not go to"),
        (OURS, "wordpress-akismet", "", "into the field below"),
        (OURS, "wordpress-akismet", "nonsense", "12 characters"),
        (OURS, "cusdis", "one", "leave the field empty"),
    ],
)
def test_an_address_that_may_not_be_told_is_refused_with_the_cure(
    desk: Desk, url: str, kind: str, secret: str, says: str
) -> None:
    status, text = set_callback(desk, url, kind, secret)
    assert status == 422
    assert says in unescape(text)
    assert not secret or f'value="{secret}"' not in text
    assert desk.store.callbacks.of(desk.site.id) is None


def test_private_addresses_stay_allowed_for_the_host_that_the_command_line_allowed_and_no_other(desk: Desk) -> None:
    desk.store.callbacks.set(desk.site.id, CallbackKind.NATIVE, "http://127.0.0.1:8000/a", allow_private=True)
    assert set_callback(desk, "http://127.0.0.1:8000/b")[0] == 303
    for other in ("http://127.0.0.1:8001/b", "http://10.0.0.1/", "http://127.0.0.1:8000@10.0.0.1/", "http://[x/"):
        assert set_callback(desk, other)[0] == 422
    assert set_callback(desk, OURS)[0] == 303
    found = desk.store.callbacks.of(desk.site.id)
    assert found is not None
    assert not found.allow_private


def test_a_callback_is_tried_out_on_a_real_blog(desk: Desk, blog_here: Blog) -> None:
    desk.store.callbacks.set(desk.site.id, CallbackKind.NATIVE, blog_here.url, allow_private=True)
    answer = desk.submit(desk.browser.get(here(desk)), here(desk, "callback", "test"))
    assert "The blog took the test." in answer.text
    assert [heard.json["type"] for heard in blog_here.heard] == ["callback.test"]
    blog_here.reply = lambda heard: (500, {}, b"")
    answer = desk.submit(desk.browser.get(here(desk)), here(desk, "callback", "test"))
    assert answer.status_code == 422
    assert "The test did not arrive: the blog answered 500" in answer.text


@pytest.fixture
def blog_here(here: Blog) -> Blog:
    """A blog that listens, by a name that does not hide our function."""
    return here


def test_a_callback_is_cleared_and_clearing_twice_is_no_error(desk: Desk) -> None:
    set_callback(desk, OURS)
    page = desk.browser.get(here(desk))
    for _ in range(2):
        assert desk.submit(page, here(desk, "callback", "clear")).location == here(desk) + "#callback"
    assert desk.store.callbacks.of(desk.site.id) is None
    assert desk.submit(page, here(desk, "callback", "test")).status_code == 404


def test_texts_of_sites_are_shown_as_texts(desk: Desk) -> None:
    site, _ = desk.store.add_site("<script>alert(1)</script>")
    for path in ("/sites", f"/sites/{site.id}", f"/sites/{site.id}/policy"):
        assert "<script>alert" not in desk.browser.get(path).text


def test_what_the_blogs_verdicts_count_is_set_on_the_sites_page(desk: Desk) -> None:
    page = desk.browser.get(here(desk))
    assert 'name="trust" value="100"' in page.text
    answer = desk.submit(page, here(desk, "trust"), trust=" 29 % ")
    assert answer.location == here(desk) + "#trust"
    site = desk.store.site(desk.site.id)
    assert site is not None and site.doors.trust == 0.29
    assert 'name="trust" value="29"' in desk.browser.get(here(desk)).text


@pytest.mark.parametrize("typed", ["", "-1", "101", "1e2", "٣", "9" * 5000, "12.5", "<b>"])
def test_what_is_no_share_is_refused_and_nothing_changes(desk: Desk, typed: str) -> None:
    answer = desk.submit(desk.browser.get(here(desk)), here(desk, "trust"), trust=typed)
    assert answer.status_code == 422
    assert "a whole number from 0 to 100" in answer.text and "<b>" not in answer.text.split('id="trust"')[1][:900]
    site = desk.store.site(desk.site.id)
    assert site is not None and site.doors.trust == 1.0
