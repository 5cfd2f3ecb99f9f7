"""A browser without JavaScript."""

import http.cookiejar
import re
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from html import unescape

HIDDEN = re.compile(r"<input[^>]*>")
ATTRIBUTE = re.compile(r"""(\w+)=["']([^"']*)["']""")


@dataclass
class Answer:
    """What a browser got."""

    status: int
    text: str
    address: str

    def form(self, needle: str) -> dict[str, str]:
        """The fields, hidden ones too, of the form that has this text."""
        whole = next(form for form in re.findall(r"<form.*?</form>", self.text, re.DOTALL) if needle in form)
        fields = [dict(ATTRIBUTE.findall(tag)) for tag in HIDDEN.findall(whole)]
        return {one["name"]: unescape(one.get("value", "")) for one in fields if "name" in one}

    def link(self, needle: str) -> str:
        """The first link whose address has this text."""
        found = re.findall(r"""href=["']([^"']*)["']""", self.text)
        return next(address for address in map(unescape, found) if needle in address)


class Browser:
    """Keeps cookies and follows redirects, as one does."""

    def __init__(self, top: str) -> None:
        self.top = top
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(jar, urllib.request.ProxyHandler({}))

    def get(self, path: str) -> Answer:
        """Open a page."""
        return self.send(path, None)

    def post(self, path: str, **fields: str) -> Answer:
        """Send a form."""
        return self.send(path, urllib.parse.urlencode(fields).encode())

    def send(self, path: str, body: bytes | None, headers: dict[str, str] | None = None) -> Answer:
        """Send anything."""
        address = urllib.parse.urljoin(self.top + "/", path)
        headers = {"Origin": self.top, **(headers or {})} if body is not None else {}
        request = urllib.request.Request(address, body, headers)
        try:
            with self._opener.open(request, timeout=30) as answer:
                return Answer(answer.status, answer.read().decode(), answer.url)
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.read().decode(), error.url)
