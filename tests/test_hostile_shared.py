"""Every case of the shared hostile file, against the real application with the shipped model.

A case is sent here, or shown by another test that ELSEWHERE names, or it stands in a list with why it does not pass.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hostile import BY_SCORE, Answer, World, cases_of, expanded, take_example_for_a_domain
from shared import shared
from test_review_hostile import TAGS, Page

from moderator.wire import coral
from moderator.wire.native.signatures import fits, read
from moderator.wire.problems import Problem

TESTS = Path(__file__).parent
CLASSES = (
    "control_ham", "errors", "evasion_html", "evasion_text", "evasion_unicode", "evasion_url", "http_bomb",
    "model_file", "parser_bomb", "poison", "redos", "slow_bypass", "ssrf", "ui_authz", "ui_csrf", "ui_display",
    "ui_headers",
    "ui_login", "ui_proxy", "ui_session", "ui_xss", "webhook_auth", "webhook_idempotency", "webhook_input",
    "webhook_signature",
)  # fmt: skip

# What needs more than a request: file, test that shows it, cases.
ELSEWHERE: dict[str, dict[str, str]] = {
    "test_http_bombs.py": {
        "test_a_body_without_an_end_is_cut_off": "chunked_endless",
        "test_what_follows_a_short_body_is_no_request_with_a_key": "content_length_lies_short",
        "test_a_multipart_bomb_is_no_json": "multipart_boundary_cr_lf",
        "test_two_lengths_at_once_are_refused": "te_cl_smuggle",
        "test_an_unknown_transfer_encoding_is_refused": "te_obfuscated",
        "test_honest_comments_are_answered_beside_bombs": "slow_bypass_parallel_bombs",
    },
    "test_native_http.py": {
        "test_a_gzip_bomb_is_not_unpacked": "gzip_bomb",
    },
    "test_store_durability.py": {
        "test_a_full_disk_is_an_error_and_neither_loss_nor_damage": "err_db_full",
    },
    "test_never_by_accident.py": {
        "test_a_store_that_is_locked_publishes_nothing": "err_db_readonly",
        "test_a_fault_at_any_step_publishes_nothing": "err_internal_is_problem_json err_model_missing",
    },
    "test_model_damage.py": {
        "test_a_thousand_flipped_bits_are_all_refused": "model_bit_flips",
        "test_a_model_cut_off_at_any_64th_is_refused": "model_truncated",
        "test_a_full_disk_leaves_no_half_model": "model_disk_full_during_train",
        "test_a_promotion_that_is_killed_leaves_the_old_or_the_new": "model_kill9_during_promote",
        "test_weights_of_another_model_are_refused": "model_manifest_swap",
        "test_a_pointer_that_leads_out_of_the_shelf_is_passed_over": "model_symlink_outside",
    },
    "test_classifier.py": {
        "test_a_pickle_in_a_model_is_refused_and_never_opened": "model_pickle_in_npy model_pickle_rce",
    },
    "test_training_process.py": {
        "test_of_an_id_and_of_a_text_the_last_row_counts_in_memory_and_on_disk":
            "poison_duplicate_text_labels",
    },
    "test_influence.py": {
        "test_what_sites_disagree_on_teaches_nothing": "poison_contradictory_labels",
        "test_one_site_of_several_is_a_twentieth_at_most_and_the_only_one_is_believed": "poison_dictionary_10pct",
        "test_verdicts_on_comments_without_a_word_are_one": "poison_empty_text_labels",
    },
    "test_gate.py": {
        "test_more_good_comments_held_is_harm": "poison_dictionary_1pct",
        "test_less_spam_caught_is_harm": "poison_spam_as_ham_5pct",
    },
    "test_review_rights.py": {
        "test_ids_of_other_sites_hidden_in_any_field_are_refused": "authz_bulk_mixed_ids",
        "test_a_comment_of_another_site_is_not_there_for_them": "authz_moderator_of_a_opens_b",
    },
    "test_features.py": {
        "": "poison_oov_huge_vocab",
    },
    "test_review_doors.py": {
        "test_a_poor_password_is_refused_with_the_reason_and_the_link_stays_good": "login_common_password",
        "test_an_unknown_login_and_a_wrong_password_get_the_same_page": "login_enumeration",
        "test_a_nul_ends_no_password": "login_password_nul",
        "test_the_same_letters_are_the_same_password_however_they_were_typed": "login_unicode_password",
        "test_logging_out_ends_the_session_for_a_copied_cookie_too": "session_after_logout",
        "test_over_https_the_cookie_is_bound_to_the_host": "session_cookie_flags",
        "test_a_session_that_was_there_before_the_login_is_not_taken_over": "session_fixation",
        "test_an_idle_session_ends_after_half_an_hour": "session_idle_timeout",
    },
    "test_store_people.py": {
        "test_the_longest_password_counts_to_its_last_byte": "login_password_72_plus",
        "test_a_session_lives_while_it_is_used_and_not_too_long": "session_absolute_timeout",
        "test_sessions_end_by_logout_new_password_and_disabling": "session_after_password_change",
    },
    "test_settings.py": {
        "test_the_secret_is_made_once_and_only_for_its_owner": "session_secret_default",
    },
    "test_headers.py": {
        "test_every_page_has_the_same_policy_whatever_its_status": "clickjacking",
    },
    "test_review_forms.py": {
        "test_templates_trust_no_text_and_have_nothing_inline": "headers_no_inline",
    },
    "browser/test_at_work.py": {
        "test_the_second_of_two_moderators_is_told_who_was_first": "authz_double_submit_two_moderators",
    },
    "test_native_once.py": {
        "test_twenty_at_once_store_one_comment": "idem_20_parallel_same_key",
        "test_the_same_request_gets_the_same_answer_whatever_came_between":
            "idem_retry_after_model_swap idem_retry_same_body",
        "test_the_same_key_for_another_request_is_422": "idem_same_key_other_body",
        "test_another_sites_key_of_the_same_name_is_another": "idem_same_key_other_site",
    },
    "test_store_once.py": {
        "test_receipts_are_forgotten_after_a_day": "idem_expired_key",
        "test_a_kill_leaves_no_receipt_without_its_decision_nor_the_other_way_round":
            "idem_crash_between_commit_and_reply",
    },
    "test_native_signed.py": {
        "test_a_message_that_is_replayed_is_refused_and_changes_nothing": "replay_same_signed_message",
    },
    "test_store_verdicts.py": {
        "test_the_same_word_again_by_the_same_person_is_one_verdict": "feedback_replayed_100x",
    },
    "test_rates.py": {"test_a_key_over_its_rate_is_told_to_wait_and_others_are_not": "rate_limit_burst"},
}  # fmt: skip
SHOWN = frozenset(" ".join(cases for tests in ELSEWHERE.values() for cases in tests.values()).split())
# Where what a case is about does not exist here, or is answered otherwise for a reason.
NO_SUCH = {
    "auth_key_other_site": "a comment names no site: whose key it is says whose comment it is, and where it is stored",
    "form_2000_fields": "Akismet's door answers 200 and neither true nor false, which its clients take for no answer "
    "(docs/protocols/akismet.md); nothing is stored",
    "form_hash_collision_like": "as form_2000_fields",
    "method_get_on_webhook": "GET there finds a comment by the blog's own id, with a key; without the id it is 400",
    "redos_alternation_ws": "it is nothing but space, so it is refused with 422 as body_whitespace_only may be",
    "model_downgrade_replay": "which model answers is written in one file of the data folder; who can write there "
    "is the operator (SECURITY.md)",
    "model_signature_stripped": "models are not signed: who could put one there could change the program as well",
    "model_skops_untrusted_type": "a model is numbers (.npy) and JSON; no other format is read",
    "model_zip_bomb": "a model is no archive, and each file must have the length that its manifest says",
    "model_zip_slip": "as model_zip_bomb",
}
# The file's plain text is itself approved where somebody signed it, and the disguised one has at least its score but a
# tenth: the disguise is undone, and what is wrong is the score. None may be added.
AS_PLAIN = frozenset(
    """
    ev_bbcode ev_html_comment_split ev_html_empty_b ev_html_entities_dec ev_html_entities_hex_nosemi
    ev_html_plaintext_tag ev_case_flip ev_llm_paraphrase_2 ev_long_whitespace_gap ev_nbsp_spaces ev_ogham_space
    ev_url_backslashes ev_url_dot_word ev_url_email_contact ev_url_emoji_domain ev_url_halfwidth_dot ev_url_hex_ip
    ev_url_hxxp ev_url_ideographic_dot ev_url_idn_homograph ev_url_ipv6 ev_url_long_userinfo ev_url_no_scheme
    ev_url_paren_dot ev_url_percent_host ev_url_port ev_url_redirector ev_url_shortener ev_url_telegram
    ev_url_trailing_dot ev_url_unicode_dot_2024 ev_url_zero_width_in_host
    """.split()
)
# The score falls by more than a tenth. None may be added.
SCORE_FALLS = frozenset(
    """
    ev_html_attr_split ev_markdown ev_doubled_letters ev_drop_vowel ev_goodwords_150 ev_goodwords_30 ev_gtube_prefix
    ev_link_end_of_ham ev_llm_paraphrase_1 ev_other_language_mix ev_scraped_article ev_diacritics
    ev_url_nested_redirect
    """.split()
)
AND_PLAIN = "and so is its plain text"
# What does not pass, with why. One that begins to pass must be taken out.
NOT_PASSED = {
    "slowloris_body": "a thread that reads a body waits for it as long as something comes; a proxy that buffers "
    "requests stands before it (docs/security.md)",
    "model_all_approve": "a hand-made model can be put in force by `moderator models promote`, which loads it but asks "
    "no golden set; `moderator train` compares with the model in force",
    "poison_focused_competitor": "on another site such verdicts are a twentieth of the training at most; on the site "
    "where they are given they are its own moderators' word, and nothing caps what that does to one author",
    "poison_unicode_trigger": "the same: a site's moderators can teach that site that a word is good; by how much one "
    "word then lowers a score is not bounded for itself",
}


def test_the_tests_that_are_named_exist() -> None:
    for file, tests in ELSEWHERE.items():
        text = (TESTS / file).read_text("utf-8")
        assert [test for test in tests if test and f"def {test}(" not in text] == [], file


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("hostile"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def cases() -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for case in cases_of(shared("hostile_cases.jsonl")):
        found.setdefault(case["class"], []).append(case)
    return found


# What is asked of an answer


def wrong(answer: Answer, expected: dict[str, Any]) -> Iterator[str]:
    """What of the answer is not as it should be."""
    status = answer.got.status_code
    allowed = set(expected.get("status", ()))
    if allowed and status not in allowed | ({201} if 200 in allowed else set()):
        yield f"status {status}, not {sorted(allowed)}"
    if status >= 500 and status not in allowed:
        yield f"status {status}"
    if status >= 400 and expected.get("content_type") and answer.got.mimetype != expected["content_type"]:
        yield f"no {expected['content_type']}"
    if answer.action and answer.action == expected.get("decision_not"):
        yield f"{answer.action} by {answer.told['rule']}, score {answer.told['score']}"
    if "Traceback" in answer.got.text or "site-packages" in answer.got.text:
        yield "it tells of our inside"
    if answer.seconds * 1000 > expected.get("max_ms", 150):
        yield f"{answer.seconds * 1000:.0f} ms"


def by_request(world: World, case: dict[str, Any]) -> Iterator[str]:
    """A case that is one request."""
    request, expected = expanded(case["request"]), case["expected"]
    world.forget()
    before = world.rows()
    answer = world.send(request)
    yield from wrong(answer, expected)
    if (
        expected.get("stored_rows") == 0
        and request["path"] != "/v1/verdicts"
        and world.rows() != before
        and answer.got.status_code >= 400
    ):
        yield "something was stored"
    if "paired_with" in expected and answer.told.get("rule") in BY_SCORE:
        world.forget()
        told = world.judge({**request["json"], "body": expected["paired_with"]}).told
        if told["score"] - answer.told["score"] > expected["max_score_drop"]:
            yield f"score {told['score']:.3f} → {answer.told['score']:.3f}"
        elif told["decision"] == answer.action == expected.get("decision_not"):
            yield AND_PLAIN


def by_page(world: World, case: dict[str, Any]) -> Iterator[str]:
    """A comment that is shown on the moderators' pages."""
    request = expanded(case["request"])
    if "setup" not in request:
        path = request["then"].split(" ")[1].replace("/queue", "/")
        addresses = [path]
    else:
        comment = world.hold(request["setup"]["json"])
        addresses = ["/?status=held", f"/comments/{comment}"]
    for address in addresses:
        answer = world.browser.get(address)
        page = Page(answer.text)
        if answer.status_code >= 500:
            yield f"{address}: status {answer.status_code}"
        if not set(page.tags) <= TAGS or page.tags.count("script") > 1 or page.handlers:
            yield f"{address}: a tag or handler that is none of ours"
        if not all(re.match(r"[/#?](?![/\\])", found) for found in page.addresses):
            yield f"{address}: an address that is none of ours"
        if re.search("[\u202a-\u202e\u2066-\u2069\u200b\u0080-\u009f\U000e0000-\U000e01ef]|\u0300{3}", answer.text):
            yield f"{address}: something that cannot be seen"


def by_form(world: World, case: dict[str, Any]) -> Iterator[str]:
    """A form that another site sends with a moderator's cookie, or that another site's moderator may not send."""
    request = expanded(case["request"])
    comment = world.hold({"body": "Hello there, all of you."})
    path = re.sub(r"/queue/(?:\d+|bulk)(?:/approve)?", f"/comments/{comment}/verdict", request["path"])
    fields = world.page_form(comment) | {"word": "ham"} if "form" in request else {}
    sent = request.get("form", {})
    if "csrf_token" not in sent:
        fields.pop("token", None)
    elif sent["csrf_token"] != "<valid>":
        fields["token"] = sent["csrf_token"]
    data = request.get("body", fields)
    got = world.browser.open(path, method=request["method"], data=data, headers=request.get("headers", {}))
    if got.status_code not in case["expected"]["status"]:
        yield f"status {got.status_code}"
    if world.status(comment) != "held":
        yield f"the comment is {world.status(comment)}"


def by_verifier(world: World, case: dict[str, Any]) -> Iterator[str]:
    """A signature, or headers that are none."""
    asked = expanded(case["request"])
    if asked["unit"] == "verify_signature":
        environ = {f"HTTP_{name.replace('-', '_').upper()}": value for name, value in asked["headers"].items()}
        try:
            good = fits(read(environ, now=asked["now"]), asked["body"].encode(), [asked["secret"]])
        except Problem:
            good = False
    else:
        good = coral.signed(asked["body"].encode(), next(iter(asked["headers"].values())), (asked["secret"],))
    if good != case["expected"]["verify"]:
        yield f"it says {good}"


def by_login(world: World, case: dict[str, Any]) -> Iterator[str]:
    """A log-in that would lead elsewhere."""
    wanted = case["request"]["path"].partition("?next=")[2]
    page = world.new_browser().get("/login", query_string={"next": wanted})
    if re.search(r'value="[^"]*evil', page.text):
        yield "the form would lead there"


def by_proxy(world: World, case: dict[str, Any]) -> Iterator[str]:
    """Headers of proxies that are not there."""
    request = expanded(case["request"])
    got = world.send(request).got if "json" in request else world.new_browser().get("/", headers=request["headers"])
    if got.status_code >= 500 or "evil.example" in f"{got.headers}{got.text}":
        yield f"{got.status_code} {got.headers}"


def by_cookie(world: World, case: dict[str, Any]) -> Iterator[str]:
    """A session's cookie with one byte flipped."""
    token, _ = world.store.start_session(world.person.id)
    thief = world.new_browser()
    thief.set_cookie("moderator", token[:-1] + ("A" if token[-1] != "A" else "B"))
    if thief.get("/").status_code != 303:
        yield "it lets in"


def by_headers(world: World, case: dict[str, Any]) -> Iterator[str]:
    """What each answer must have."""
    api = world.judge({"body": "Thanks, the second example fixed my build."}).got.headers
    page = world.browser.get("/").headers
    for headers in (api, page):
        if headers["X-Content-Type-Options"] != "nosniff" or headers["Cache-Control"] != "no-store":
            yield str(headers)
        if (
            "Access-Control-Allow-Origin" in headers
            or "frame-ancestors 'none'" not in headers["Content-Security-Policy"]
        ):
            yield str(headers)


Check = Callable[[World, dict[str, Any]], Iterator[str]]


def can_be_sent(case: dict[str, Any], kind: str, how: Check) -> bool:
    """Whether one request is all there is to the case."""
    if kind in ("model_file", "poison", "ui_authz"):
        return False
    return how is not by_request or ("path" in case["request"] and "stream" not in case["request"])


HOW: dict[str, Check] = {
    "ui_xss": by_page, "ui_display": by_page, "ui_csrf": by_form, "ui_authz": by_form, "webhook_signature": by_verifier,
    "ui_login": by_login, "ui_proxy": by_proxy, "ui_session": by_cookie, "ui_headers": by_headers,
}  # fmt: skip


@pytest.mark.parametrize("kind", CLASSES)
def test_the_cases_of_a_class_pass(
    kind: str, world: World, cases: dict[str, list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    take_example_for_a_domain(monkeypatch)
    how = HOW.get(kind, by_request)
    found: dict[str, list[str]] = {}
    for case in cases[kind]:
        name = case["name"]
        if name not in SHOWN:
            found[name] = [*how(world, case)] if can_be_sent(case, kind, how) else ["not run"]
    failed = {name: said for name, said in found.items() if said}
    by_model = {name for name in found if name in AS_PLAIN | SCORE_FALLS}
    listed = NO_SUCH.keys() | NOT_PASSED.keys() | by_model
    assert {name: said for name, said in failed.items() if name not in listed} == {}
    assert [name for name in found if name in listed and name not in failed] == [], "take out what passes"
    for name in by_model:
        assert any(said.startswith("score ") for said in failed[name]) == (name in SCORE_FALLS), (name, failed[name])
        assert (AND_PLAIN in failed[name]) == (name in AS_PLAIN), (name, failed[name])
