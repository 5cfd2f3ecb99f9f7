"""The daily letter: what it says, that its links act only by POST, and that each is sent once by however many."""

import re
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from review_desk import LOGIN, Desk, form

from moderator import mail
from moderator.cli.digest import digest
from moderator.comment import Word
from moderator.mail import MailError
from moderator.review import post
from moderator.review.digest import Group, grouped, link_for, told_by
from moderator.review.postman import MOST_TRIES, Postman
from moderator.store import Filter

BASE = "http://localhost"


class Inbox(socketserver.StreamRequestHandler):
    """As much of RFC 5321 as a client needs to hand a letter over."""

    def handle(self) -> None:
        self.say("220 inbox")
        while line := self.rfile.readline().decode("ascii", "replace").strip():
            verb = line[:4].upper()
            if verb == "DATA":
                self.say("354 go on")
                lines = []
                while (one := self.rfile.readline()) not in (b".\r\n", b""):
                    lines.append(one[1:] if one.startswith(b"..") else one)
                self.server.letters.append(b"".join(lines))  # type: ignore[attr-defined]
            if verb == "RCPT" and self.server.refuse:  # type: ignore[attr-defined]
                self.say("550 nobody here")
            elif verb == "QUIT":
                self.say("221 bye")
                return
            elif verb != "DATA" or lines:
                self.say("250 ok")

    def say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@contextmanager
def inbox(*, refuse: bool = False) -> Iterator[socketserver.ThreadingTCPServer]:
    """A real SMTP server on a port of its own."""
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Inbox)
    server.daemon_threads = True
    server.letters, server.refuse = [], refuse  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path, smtp_host="127.0.0.1", smtp_security="none")
    desk.store.set_digest(desk.ann.id, True)
    return desk


def letter(desk: Desk) -> EmailMessage | None:
    person = desk.store.person(desk.ann.id)
    assert person is not None
    return post.digest_of(desk.app, desk.settings, BASE).letter(person)


def text(found: EmailMessage | None, kind: str = "plain") -> str:
    assert found is not None
    body = found.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def links(found: EmailMessage | None) -> list[str]:
    return [one.removeprefix(BASE) for one in re.findall(rf"{BASE}/digest/\S+", text(found))]


def test_alike_comments_stand_together_with_one_link_for_each_word(desk: Desk) -> None:
    for number in range(3):
        desk.hold(f"Buy pills {number} at http://pills{number}.example", author={"name": f"Bo {number}"})
    desk.hold("A question of another kind")
    found = letter(desk)
    assert found is not None and found["Subject"] == "4 comments wait for you" and found["To"] == LOGIN
    assert "×3 like this" in text(found) and len(links(found)) == 6
    assert "62\u00a0%" in text(found) and "A question of another kind" in text(found, "html")


def test_nothing_held_is_no_letter(desk: Desk) -> None:
    assert letter(desk) is None


def test_the_letter_speaks_the_readers_language(desk: Desk) -> None:
    desk.store.set_language(desk.ann.id, "de")
    desk.hold("Hallo")
    found = letter(desk)
    assert found is not None and found["Subject"] == "1 Kommentar wartet auf Sie"
    assert "Freigeben: http" in text(found) and '<html lang="de"' in text(found, "html")


def test_hostile_names_and_texts_stay_text(desk: Desk) -> None:
    desk.hold("<script>x</script> \u202e evil", author={"name": "Bo\r\nBcc: all@example.org <b>"})
    found = letter(desk)
    assert found is not None and found["Bcc"] is None
    assert "<script>" not in text(found, "html") and "<b>" not in text(found, "html")
    assert "[RLO" in text(found)


def test_a_moderator_of_one_site_reads_of_that_site_alone(desk: Desk) -> None:
    mine, _ = desk.store.add_site("mine")
    desk.hold("of the other site")
    desk.store.set_sites(desk.ann.id, [mine.id])
    assert letter(desk) is None


def test_opening_a_link_changes_nothing_and_its_button_does(desk: Desk) -> None:
    held = desk.hold("Hello")
    approve = links(letter(desk))[0]
    page = desk.browser.get(approve)
    assert page.status_code == 200 and "Approve: 1 comment" in page.text and "Hello" in page.text
    assert desk.status(held) == "held"
    done = desk.browser.post(approve, data=form(page, approve))
    assert "Done for 1 comment." in done.text
    stored = desk.store.comment(None, held)
    assert stored is not None and stored.verdict is not None
    assert (stored.verdict.word, stored.verdict.by, stored.verdict.door) == (Word.HAM, LOGIN, "e-mail")


def test_without_the_pages_own_token_the_button_does_nothing(desk: Desk) -> None:
    held = desk.hold("Hello")
    approve = links(letter(desk))[0]
    assert desk.browser.post(approve).status_code == 403
    assert desk.status(held) == "held"


def test_what_somebody_else_handled_is_said_and_left_alone(desk: Desk) -> None:
    held = desk.hold("Hello")
    spam = links(letter(desk))[1]
    page = desk.browser.get(spam)
    desk.store.give_verdict(held, Word.HAM, by="bob@example.org", door="page")
    told = desk.browser.post(spam, data=form(page, spam)).text
    assert "Already handled by bob@example.org: approved." in told
    assert desk.status(held) == "approved"
    assert "There is nothing left to do." in desk.browser.get(spam).text


def test_a_link_is_good_for_three_days_and_for_nobody_who_may_no_longer(desk: Desk) -> None:
    desk.hold("Hello")
    approve = links(letter(desk))[0]
    desk.store.set_sites(desk.ann.id, [desk.store.add_site("other")[0].id])
    assert desk.browser.get(approve).status_code == 404
    desk.store.set_sites(desk.ann.id, None)
    assert desk.browser.get(approve).status_code == 200
    desk.store.disable_person(desk.ann.id)
    assert desk.browser.get(approve).status_code == 404
    desk.store.enable_person(desk.ann.id)
    desk.clock.pass_(days=3, seconds=1)
    refused = desk.browser.get(approve)
    assert refused.status_code == 404 and "This link is no longer good" in refused.text


@given(st.text(max_size=200))
def test_no_other_text_is_a_link(token: str) -> None:
    assert told_by(b"secret", token) is None


def test_a_link_that_was_changed_is_none(desk: Desk) -> None:
    desk.hold("Hello")
    stored = desk.store.queue(desk_filter()).comments
    token = link_for(b"s", desk.ann, Word.HAM, Group(stored), until=desk.clock())
    assert told_by(b"s", token) is not None and told_by(b"t", token) is None
    for old, new in (("ham", "spam"), (f"{desk.ann.id}~", "9~"), (".1~", ".2~")):
        assert told_by(b"s", token.replace(old, new, 1)) is None


def test_groups_are_by_words_and_within_a_site(desk: Desk) -> None:
    desk.hold("…")
    desk.hold("!!!")
    assert len(grouped(desk.store.queue(desk_filter()).comments)) == 2  # nothing to read is like nothing else


def desk_filter() -> Filter:
    return Filter()


def postman(desk: Desk, send: mail.Send) -> Postman:
    return Postman(post.digest_of(desk.app, desk.settings, BASE), desk.store, desk.settings, desk.clock, send)


def test_each_letter_is_sent_once_a_day_by_however_many_processes(desk: Desk) -> None:
    desk.hold("Hello")
    sent: list[EmailMessage] = []
    processes = [postman(desk, sent.append) for _ in range(3)]
    assert sum(one.turn() for one in processes) == 1 and len(sent) == 1
    desk.clock.pass_(days=1)
    assert sum(one.turn() for one in processes) == 1


def test_before_its_hour_none_is_sent(desk: Desk) -> None:
    desk.hold("Hello")
    desk.clock.now = desk.clock.now.replace(hour=6)
    assert postman(desk, lambda _: None).turn() == 0


def test_who_did_not_ask_gets_none(desk: Desk) -> None:
    desk.hold("Hello")
    desk.store.set_digest(desk.ann.id, False)
    assert postman(desk, lambda _: None).turn() == 0


def test_a_letter_that_could_not_be_handed_over_is_tried_again_some_times(desk: Desk) -> None:
    desk.hold("Hello")
    tries = []

    def fails(found: EmailMessage) -> None:
        tries.append(found)
        raise MailError("down")

    man = postman(desk, fails)
    assert [man.turn() for _ in range(MOST_TRIES + 2)] == [0] * (MOST_TRIES + 2)
    assert len(tries) == MOST_TRIES
    assert postman(desk, lambda _: None).turn() == 1  # another process has a way


def test_a_real_server_gets_the_letter(desk: Desk) -> None:
    desk.hold("Grüße …")
    with inbox() as server:
        port = server.server_address[1]
        assert postman(desk, lambda found: mail.send(mail.Server("127.0.0.1", port, "none", "", ""), found)).turn() == 1
    got = message_from_bytes(server.letters[0], policy=default)  # type: ignore[attr-defined]
    assert isinstance(got, EmailMessage)
    assert got["Subject"] == "1 comment waits for you" and "Grüße …" in text(got)
    assert got["Auto-Submitted"] == "auto-generated" and got["Message-ID"].endswith("@localhost>")


@pytest.mark.parametrize(("security", "says"), [("none", "refused the recipient"), ("starttls", "smtp_security")])
def test_a_server_that_does_not_take_it_is_told_in_a_sentence(desk: Desk, security: str, says: str) -> None:
    desk.hold("Hello")
    found = letter(desk)
    assert found is not None
    with inbox(refuse=True) as server:
        where = mail.Server("127.0.0.1", server.server_address[1], security, "", "")
        with pytest.raises(MailError, match=says):
            mail.send(where, found)


def test_a_server_that_is_not_there_is_told_in_a_sentence() -> None:
    with pytest.raises(MailError, match="cannot be reached"):
        mail.send(mail.Server("127.0.0.1", 1, "none", "", "secret"), EmailMessage())


def test_everybody_asks_for_it_on_their_own_page(desk: Desk) -> None:
    desk.store.set_digest(desk.ann.id, False)
    desk.log_in()
    for wanted, checked in (("yes", True), ("", False)):
        desk.submit(desk.browser.get("/account"), "/account/digest", wanted=wanted)
        person = desk.store.person(desk.ann.id)
        assert person is not None and person.digest is checked


def test_where_no_server_is_set_up_the_page_says_so(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.log_in()
    assert "No server that takes e-mail is set up here." in desk.browser.get("/account").text


def test_old_marks_are_swept(desk: Desk) -> None:
    assert desk.store.claims.claim("digest 2026-01-01 1") and not desk.store.claims.claim("digest 2026-01-01 1")
    desk.hold("Hello")
    postman(desk, lambda _: None).turn()
    assert desk.store.claims.claim("digest 2026-01-01 1")


@pytest.mark.parametrize(("options", "says"), [((), "say either"), (("--print", "--now"), "say either")])
def test_the_command_wants_to_know_what_to_do(tmp_path: Path, options: tuple[str, ...], says: str) -> None:
    asked = CliRunner().invoke(digest, [*options, "--data", str(tmp_path)])
    assert asked.exit_code == 2 and says in asked.output


def test_the_command_prints_and_sends(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.hold("Hello there")
    where = ["--data", str(desk.settings.data)]
    printed = CliRunner().invoke(digest, ["--print", *where])
    assert printed.exit_code == 0, printed.output
    assert f"To: {LOGIN}" in printed.output and "Hello there" in printed.output and "1 letter" in printed.output
    nowhere = CliRunner().invoke(digest, ["--now", *where])
    assert isinstance(nowhere.exception, MailError) and "smtp_host" in str(nowhere.exception)
    with inbox() as server:
        monkeypatch.setenv("MODERATOR_SMTP_HOST", "127.0.0.1")
        monkeypatch.setenv("MODERATOR_SMTP_PORT", str(server.server_address[1]))
        monkeypatch.setenv("MODERATOR_SMTP_SECURITY", "none")
        assert "1 letter sent" in CliRunner().invoke(digest, ["--now", *where]).output
    assert len(server.letters) == 1  # type: ignore[attr-defined]
