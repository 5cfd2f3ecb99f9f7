"""What the tests of Akismet's door share: an installation with a key, and requests as clients make them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from doors import Installation, install
from werkzeug.test import TestResponse

from moderator import settings
from moderator.store import Filter, StoredComment

THANKS = "Thanks for making the web a better place."


@dataclass
class Blog:
    """A blog that speaks Akismet's protocol, and its key."""

    here: Installation
    key: str
    pepper: bytes

    def ask(self, path: str, form: Any = None, *, method: str = "POST", **headers: str) -> TestResponse:
        """One request; a form is urlencoded, bytes are sent as they are."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if isinstance(form, bytes):
            sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
        return self.here.client.open(path, method=method, data=form, headers=sent)

    def check(self, content: str = "Thank you.", **more: str) -> TestResponse:
        """A comment-check with the key in the body."""
        return self.ask("/1.1/comment-check", self.comment(content, **more))

    def comment(self, content: str = "Thank you.", **more: str) -> dict[str, str]:
        """The fields of a comment."""
        about = {"blog": "https://blog.example", "user_ip": "192.0.2.7", "comment_author": "Ann"}
        return {"api_key": self.key, **about, "comment_content": content, **more}

    def kept(self) -> tuple[StoredComment, ...]:
        """All comments of the site, newest first."""
        return self.here.store.queue(Filter(status=None, site_id=self.here.site.id)).comments

    def answered(self, answer: TestResponse) -> StoredComment:
        """The comment that an answer speaks of."""
        found = self.here.store.comment(self.here.site, answer.headers["X-akismet-guid"])
        assert found is not None
        return found


def set_up(data: Path, **flags: object) -> Blog:
    """A new installation in this folder, its site with a key."""
    here = install(data, **flags)  # type: ignore[arg-type]
    pepper = settings.secret(data)
    return Blog(here, here.store.akismet_keys.add(here.site.id, pepper=pepper), pepper)
