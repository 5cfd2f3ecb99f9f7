"""A plugin of pytest (not imported by itself), so that all test files share the two blogs."""

from collections.abc import Iterator

import pytest
from wordpress_blog import wordpress
from wordpress_pair import SECRET, Pair
from wordpress_server import Server


@pytest.fixture(scope="session", params=["newer", "stable"])
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp(request.param)
    with wordpress(request.param, folder / "blog", "moderator/moderator.php") as blog:
        server = Server(folder / "data")
        server.start()
        pair = Pair(blog, server, blog.person())
        try:
            assert "settings-updated=true" in pair.set(url=server.url, key=server.key, secrets=SECRET).address
            yield pair
        finally:
            server.stop()
