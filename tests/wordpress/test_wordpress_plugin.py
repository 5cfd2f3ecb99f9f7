"""Our plugin in real WordPresses, asked by real HTTP and looked at in their database."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from wordpress_blog import Blog, Server, wordpress

GOOD = "Thank you, this was a good read and I learned a lot."
LINK = "http://journal-neo.org/2016/03/17/russias-mission-accomplished-moment-in-syria/"
SPAM = "Buy viagra cialis online cheap casino bonus http://cheap-pills-24.shop http://casino-bonus.top"


@dataclass
class Pair:
    """A blog and the server that it asks."""

    blog: Blog
    server: Server


@pytest.fixture(scope="module", params=["stable", "newer"])
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp(request.param)
    with wordpress(request.param, folder / "blog", "moderator/moderator.php") as blog:
        server = Server(folder / "data")
        server.start()
        try:
            person = blog.person()
            fields = person.get("/wp-admin/options-general.php?page=moderator").form("moderator_url")
            fields |= {"moderator_settings[url]": server.url, "moderator_settings[key]": server.key}
            del fields["moderator_settings[publish]"]
            saved = person.post("/wp-admin/options.php", **fields)
            assert "settings-updated=true" in saved.address
            yield Pair(blog, server)
        finally:
            server.stop()


def test_good_is_shown_doubtful_is_held_spam_is_spam(pair: Pair) -> None:
    assert pair.blog.status(pair.blog.comment(GOOD)) == "1"
    assert pair.blog.status(pair.blog.comment(LINK)) == "0"
    assert pair.blog.status(pair.blog.comment(SPAM, author="cheap viagra")) == "spam"
