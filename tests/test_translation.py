"""Every page in the reader's language: catalogues that are whole and compiled, and nothing said past them."""

import ast
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Blueprint, Flask
from flask_babel import force_locale
from hypothesis import given
from hypothesis import strategies as st
from review_desk import LOGIN, Desk

from moderator.comment import Action, Decision, Reason, Word
from moderator.review import catalogue, language, sentences
from moderator.store import Role

REVIEW = Path(catalogue.__file__).parent
HOLE = re.compile(r"%\(\w+\)s|\{\}|%%|</?\w+[^>]*>")
GERMAN = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}


def test_the_catalogues_have_what_the_code_says_and_no_more() -> None:
    source = catalogue.gathered()
    assert catalogue.POT.read_bytes() == catalogue.as_po(source), "run: make catalogue"
    for code in catalogue.OTHERS:
        assert language.catalogue(code).read_bytes() == catalogue.as_po(catalogue.brought_up(code, source)), (
            "run: make catalogue"
        )


@pytest.mark.parametrize("code", catalogue.OTHERS)
def test_no_sentence_is_left_untranslated(code: str) -> None:
    assert catalogue.untranslated(catalogue.translated(code)) == []


@pytest.mark.parametrize("code", catalogue.OTHERS)
def test_each_translation_fills_in_and_marks_up_what_its_source_does(code: str) -> None:
    for message in catalogue.translated(code):
        if not message.id:
            continue
        sources = message.id if isinstance(message.id, tuple | list) else (message.id,)
        found = message.string if isinstance(message.string, tuple | list) else (message.string,)
        allowed = [sorted(HOLE.findall(source)) for source in sources]
        assert all(sorted(HOLE.findall(str(form))) in allowed for form in found), message.id


@pytest.mark.parametrize("code", catalogue.OTHERS)
def test_what_is_compiled_is_what_was_translated(code: str) -> None:
    compiled = language.translations(code)
    for message in catalogue.translated(code):
        if isinstance(message.id, tuple | list):
            one, many = message.id
            assert [compiled.ungettext(one, many, count) for count in (1, 2)] == list(message.string or ())
        elif message.id:
            assert compiled.ugettext(message.id) == message.string


@pytest.mark.parametrize("path", sorted((REVIEW / "templates").glob("*.*")), ids=lambda path: path.name)
def test_no_template_says_a_word_past_the_catalogues(path: Path) -> None:
    text = path.read_text("utf-8")
    look = r"block look %\}.*?\{% endblock"
    for told in (look, r"\{% trans.*?endtrans %\}", r"\{\{.*?\}\}", r"\{%.*?%\}", r"\{#.*?#\}", r"<(kbd|code).*?</\1>"):
        text = re.sub(told, " ", text, flags=re.DOTALL)
    text = re.sub(r"(?<![<\w])/\w+(#\w+)?", " ", text)  # addresses are the same in all languages
    shown = [*re.findall(r'(?:aria-label|title|placeholder|alt)="([^"]*)"', text), re.sub(r"<[^>]*>", " ", text)]
    words = set(re.findall(r"[^\W\d_]{2,}", " ".join(shown)))
    assert words <= {"moderator", "de", "pt", "BR"}, path.name


@pytest.mark.parametrize("path", sorted(REVIEW.glob("*.py")), ids=lambda path: path.name)
def test_no_module_of_the_pages_says_a_sentence_past_the_catalogues(path: Path) -> None:
    assert list(_sentences(ast.parse(path.read_text("utf-8")))) == []


def _sentences(tree: ast.AST) -> Iterator[str]:
    """Texts that read as sentences and are neither documentation, nor marked, nor for the log or a developer."""
    if isinstance(tree, ast.Call):
        name = tree.func.id if isinstance(tree.func, ast.Name) else getattr(tree.func, "attr", "")
        if name in ("gettext", "ngettext", "marked", "warning", "error", "info", "print", "compile"):
            return
    if isinstance(tree, ast.Raise | ast.Assert):
        return
    body = getattr(tree, "body", None)
    for child in ast.iter_child_nodes(tree):
        documents = isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant) and isinstance(body, list)
        if not documents:
            yield from _sentences(child)
    text = tree.value if isinstance(tree, ast.Constant) else None
    if isinstance(text, str) and re.fullmatch(r"[A-Z“][^;{}<>=]*? [^;{}<>=]*[.!?]", text, re.DOTALL):
        yield text


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def as_if(desk: Desk, code: str) -> None:
    desk.log_in_admin()
    desk.store.set_language(desk.boss.id, code)


@pytest.mark.parametrize(
    ("asked", "code"),
    [("de-AT,de;q=0.9", "de"), ("fr,de;q=0.2", "de"), ("fr", "en"), ("", "en"), ("en-US,de;q=0.9", "en"), ("*", "en")],
)
def test_who_is_not_logged_in_reads_what_the_browser_asks_for(desk: Desk, asked: str, code: str) -> None:
    page = desk.browser.get("/login", headers={"Accept-Language": asked}).text
    assert f'<html lang="{code}" dir="ltr">' in page
    assert ("Anmelden" in page) == (code == "de")


def test_ones_own_choice_counts_more_than_the_browsers(desk: Desk) -> None:
    desk.log_in()
    account = desk.browser.get("/account", headers=GERMAN)
    assert "Ihr Konto" in account.text
    answer = desk.submit(account, "/account/language", language="en")
    assert answer.status_code == 303
    assert "Your account" in desk.browser.get("/account", headers=GERMAN).text
    assert '<option value="en" lang="en" selected>' in desk.browser.get("/account").text
    desk.submit(account, "/account/language", language="")
    assert "Ihr Konto" in desk.browser.get("/account", headers=GERMAN).text
    assert desk.submit(account, "/account/language", language="tlh").status_code == 400


def test_a_language_that_is_no_longer_shipped_is_as_none_chosen(desk: Desk) -> None:
    as_if(desk, "xx")
    assert '<html lang="en"' in desk.browser.get("/").text


def test_no_page_in_german_says_anything_in_english(desk: Desk) -> None:
    leads = (
        "It is nothing but a link. It leads to spam.example and 2 more; of the 4 words in its address the post has 1."
    )
    reasons = (
        Reason("link_only", leads, None),
        Reason("links", "It has many links. That speaks strongly for spam.", None),
        Reason("words", "Words such as “casino”, “win”. That speaks for spam.", None),
    )
    desk.hold("casino http://spam.example/a", Decision(Action.HOLD, "link_only", 0.9, reasons, "m0"))
    held = desk.hold("Hallo", author={"name": "Bo"})
    desk.store.give_verdict(held, Word.SPAM, by=LOGIN, door="page")
    desk.store.add_person("new@example.org", Role.MODERATOR)
    as_if(desk, "de")
    english = [
        re.escape(str(source))
        for message in catalogue.gathered()
        for source in (message.id if isinstance(message.id, tuple | list) else (message.id,))
        if len(str(source)) > 14 and "%" not in str(source) and "<" not in str(source)
    ]
    said = re.compile("|".join(english))
    site = f"/sites/{desk.site.id}"
    for path in ("/", "/?status=all", f"/comments/{held}", "/callbacks", "/account", "/people", "/sites", site,
                 f"{site}/policy", "/nowhere", "/?status=nonsense&least=900&order=upwards"):  # fmt: skip
        answer = desk.browser.get(path, headers=GERMAN)
        page = answer.text
        assert answer.status_code == (404 if path == "/nowhere" else 200), path
        assert '<html lang="de" dir="ltr">' in page, path
        assert said.search(page) is None, path
    page = desk.browser.get("/").text
    assert "Er ist nichts als ein Link. Er führt zu spam.example und 2 weiteren; von den 4 Wörtern" in page
    assert "Er hat viele Links. Das spricht stark für Spam." in page


@contextmanager
def _speaking(code: str) -> Iterator[None]:
    app, pages = Flask("pages"), Blueprint("pages", __name__)
    language.add(pages)
    app.register_blueprint(pages)
    with app.app_context(), force_locale(language.FORMATS.get(code, code)):
        yield


@given(st.text(st.characters(), max_size=40), st.sampled_from(sentences.FILLED))
def test_any_text_in_a_stored_reason_is_told_without_an_error(text: str, template: str) -> None:
    names = re.findall(r"%\((\w+)\)s", template)
    with _speaking("de"):
        told = sentences.told(template % dict.fromkeys(names, text or "x"))
        assert told
        assert sentences.told(text) is not None


def test_a_sentence_that_nobody_translated_is_told_as_it_is() -> None:
    with _speaking("de"):
        assert sentences.told("A rule that was retired.") == "A rule that was retired."


@pytest.mark.parametrize(
    ("code", "number", "share", "little", "date", "days"),
    [
        ("en", "1,234,567", "12.5\u00a0%", "under 0.1\u00a0%", "3 Feb 2026, 04:05 UTC", "1,200 days ago"),
        ("de", "1.234.567", "12,5\u00a0%", "unter 0,1\u00a0%", "03.02.2026, 04:05 UTC", "vor 1.200 Tagen"),
    ],
)
def test_numbers_and_times_are_written_as_the_language_does(
    code: str, number: str, share: str, little: str, date: str, days: str
) -> None:
    with _speaking(code):
        now = datetime(2026, 2, 3, 4, 5, tzinfo=UTC)
        assert language.number(1234567) == number
        assert language.share(0.125) == share
        assert language.per_cent(0) == little
        assert language.when(now) == date
        assert language.ago(now - timedelta(days=1200), now) == days
