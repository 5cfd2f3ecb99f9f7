"""A blog with our plugin and the server that it asks; and what takes it away."""

import base64
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from wordpress_blog import Blog
from wordpress_browser import Answer, Browser
from wordpress_server import Server, free_port

GOOD = "Thank you, a good read!"  # too short for a campaign, which the fifth of its kind would be held for
LINK = "http://journal-neo.org/2016/03/17/russias-mission-accomplished-moment-in-syria/"
SPAM = "Buy viagra cialis online cheap casino bonus http://cheap-pills-24.shop http://casino-bonus.top"
CALLBACK = "/index.php?rest_route=/moderator/v1/callback"
SECRET = "whsec_" + base64.b64encode(b"x" * 32).decode()

# What does not depend on the version of WordPress is tested in one.
in_one = pytest.mark.parametrize("pair", ["newer"], indirect=True)


@dataclass
class Pair:
    """A blog, the server that it asks, and one who moderates on the blog."""

    blog: Blog
    server: Server
    ann: Browser
    callback_secret: str = SECRET

    def set(self, **changed: str) -> Answer:
        """Save settings by the page."""
        fields = self.ann.get("/wp-admin/options-general.php?page=moderator").form("moderator_url")
        del fields["moderator_settings[publish]"]
        fields |= {f"moderator_settings[{name}]": value for name, value in changed.items()}
        return self.ann.post("/wp-admin/options.php", **fields)

    def ask_at(self, url: str) -> None:
        """Another address of the server, put into the database, which is quicker than the page."""
        fields = {"url": url, "key": self.server.key, "secrets": self.callback_secret}
        texts = "".join(f's:{len(name)}:"{name}";s:{len(value)}:"{value}";' for name, value in fields.items())
        self.blog.sql(
            f"""UPDATE wp_options SET option_value = 'a:4:{{{texts}s:7:"publish";b:0;}}'"""
            " WHERE option_name = 'moderator_settings';"
            " DELETE FROM wp_options WHERE option_name LIKE '%transient%moderator_rests'"
        )

    def known(self, comment_id: int) -> dict[str, Any]:
        """What the server knows of a comment."""
        return self.server.ask(f"/v1/comments/{self.blog.server_id(comment_id)}")

    def ref(self, comment_id: int) -> str:
        """Our own id of a comment."""
        return self.blog.meta(comment_id, "_moderator_ref")

    def waits(self) -> list[list[str]]:
        """What is to be sent to the server."""
        kinds = "'_moderator_waiting', '_moderator_report', '_moderator_gone'"
        return self.blog.sql(f"SELECT comment_id, meta_key FROM wp_commentmeta WHERE meta_key IN ({kinds})")


@contextlib.contextmanager
def stopped(server: Server) -> Iterator[None]:
    server.stop()
    try:
        yield
    finally:
        server.start()


@contextlib.contextmanager
def unreachable(pair: Pair) -> Iterator[None]:
    """The same for the blog, and quicker: its server is where nobody listens."""
    pair.ask_at(f"http://127.0.0.1:{free_port()}")
    try:
        yield
    finally:
        pair.ask_at(pair.server.url)
