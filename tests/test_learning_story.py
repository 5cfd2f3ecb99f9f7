"""A comment is held, a human decides on the page, the operator retrains, and the running server has learned."""

import http.client
import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import pytest
from test_story import LINK, ask, run, serving

pytest.importorskip("sklearn", reason="training needs scikit-learn: pip install 'moderator[train]'")

PASSWORD = "three quiet herons at dusk"
SPAM = (
    "Zubbelgrim roof varnish dries in one hour, our crew will come to your house, ask for the Zubbelgrim price list",
    "Order Zubbelgrim varnish this week and the second bucket of Zubbelgrim is on us, our crew delivers",
    "My neighbours all have Zubbelgrim on the roof by now, the Zubbelgrim crew varnished it in a day, order yours",
)
ALIKE = "The Zubbelgrim crew came by and varnished, order Zubbelgrim before the price list changes"


@dataclass
class Visitor:
    """A person at a browser without scripts: keeps cookies, follows redirects, fills in forms."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)

    def go(self, method: str, path: str, form: dict[str, str] | None = None) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            headers["Origin"] = f"http://127.0.0.1:{self.port}"
        connection.request(method, path, urlencode(form) if form is not None else None, headers)
        answer = connection.getresponse()
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        page = answer.read().decode()
        connection.close()
        if answer.status in (302, 303):
            return self.go("GET", answer.headers["Location"])
        return answer.status, page

    def say(self, page: str, comment_id: str, word: str) -> str:
        """Press a button of a comment's card."""
        form = re.search(rf'<form[^>]*action="(/comments/{comment_id}/verdict)".*?</form>', page, re.DOTALL)
        assert form is not None, page
        fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form[0]))
        status, after = self.go("POST", form[1], {**fields, "word": word})
        assert status == 200, after
        return after


def test_held_decided_on_the_page_retrained_and_learned(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serving(data) as (port, said):
        key = re.findall(r"mk_[\w-]+", said)[0]
        link = re.findall(r"/set-password/[\w-]+", said)[0]
        before = ask(port, "POST", "/v1/comments", key, {"id": "alike", "body": ALIKE})[1]
        held = ask(port, "POST", "/v1/comments", key, {"id": "founding", "body": LINK, "kind": "reply"})[1]
        assert (held["decision"], held["rule"]) == ("hold", "link_only")
        for number, text in enumerate(SPAM):
            body = f"{text} http://zubbelgrim-varnish.shop"
            ask(port, "POST", "/v1/comments", key, {"id": f"s{number}", "body": body, "honeypot": "x"})

        visitor = Visitor(port)
        status, page = visitor.go("GET", link)
        token = re.findall(r'name="token" value="([^"]*)"', page)[0]
        status, page = visitor.go("POST", link, {"token": token, "password": PASSWORD, "again": PASSWORD})
        if 'name="login"' in page:
            token = re.findall(r'name="token" value="([^"]*)"', page)[0]
            status, page = visitor.go("POST", "/login", {"token": token, "login": "moderator", "password": PASSWORD})
        status, page = visitor.go("GET", "/")
        assert status == 200
        assert "It is nothing but a link." in page
        assert page.count('class="act spam"') >= 4
        page = visitor.say(page, held["id"], "ham")
        assert ask(port, "GET", f"/v1/comments/{held['id']}", key)[1]["status"] == "approved"
        for number in range(len(SPAM)):
            spam_id = ask(port, "POST", "/v1/comments", key, {
                "id": f"s{number}", "body": f"{SPAM[number]} http://zubbelgrim-varnish.shop", "honeypot": "x",
            })[1]["id"]  # fmt: skip
            page = visitor.say(page, spam_id, "spam")

        trained = run("train", "--data", str(data), "--force")
        assert trained.returncode == 0, trained.stderr
        assert "ROC-AUC" in trained.stderr
        assert (data / "model" / "current.json").is_file()

        promoted = time.monotonic()
        asked = 0
        while True:  # every answer is whole, by the old model or the new one
            asked += 1
            status, after = ask(port, "POST", "/v1/comments", key, {"id": f"again {asked}", "body": ALIKE})
            assert status == 201
            if after["model"] != before["model"]:
                break
            assert time.monotonic() - promoted < 10, "the server has not taken up the new model"
        assert after["score"] > before["score"]

        listed = run("models", "list", "--data", str(data)).stdout
        assert listed.count("\n") >= 2
        assert run("models", "rollback", "--data", str(data)).returncode == 0
