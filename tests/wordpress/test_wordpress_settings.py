"""The plugin's settings, and its end."""

from wordpress_blog import HERE, php
from wordpress_browser import Browser
from wordpress_pair import LINK, Pair, in_one
from wordpress_server import PASSWORD, free_port

pytest_plugins = ["wordpress_fixture"]


@in_one
def test_the_page_saves_what_is_good_and_never_shows_a_secret(pair: Pair) -> None:
    shown = pair.ann.get("/wp-admin/options-general.php?page=moderator").text
    assert pair.server.key not in shown
    assert f"mk_…{pair.server.key[-4:]}" in shown
    assert "whsec_…" in shown
    refused = pair.set(url="ftp://x").text + pair.set(key="with a space").text + pair.set(secrets="whsec_short").text
    for sentence in ("an address such as", "one word that begins with mk_", "whsec_ and the base64 text"):
        assert sentence in refused
    assert pair.server.key in pair.blog.option("moderator_settings")
    assert pair.server.url in pair.blog.option("moderator_settings")


@in_one
def test_the_connection_test_tells_what_is_wrong(pair: Pair) -> None:
    def tested() -> str:
        form = pair.ann.get("/wp-admin/options-general.php?page=moderator").form("moderator_test")
        return pair.ann.post("/wp-admin/admin-post.php", **form).text

    assert "The server answers, and knows this blog’s key." in tested()
    pair.set(key="mk_wrong")
    assert "answered 401: no site has this key" in tested()
    pair.set(url=f"http://127.0.0.1:{free_port()}", key=pair.server.key)
    assert "cannot be reached" in tested()
    pair.set(url=pair.blog.url)
    assert "answered 301: Moved Permanently" in tested()  # a WordPress without a page of this address
    pair.set(url=pair.server.url)
    assert "knows this blog’s key" in tested()


@in_one
def test_nobody_else_changes_or_tests_anything(pair: Pair) -> None:
    form = pair.ann.get("/wp-admin/options-general.php?page=moderator").form("moderator_test")
    assert pair.ann.post("/wp-admin/admin-post.php", **(form | {"_wpnonce": "x"})).status == 403
    pair.blog.sql("UPDATE wp_options SET option_value = '1' WHERE option_name = 'users_can_register'")
    php(HERE / "site" / "reader.php", pair.blog.folder, "eve", PASSWORD)
    eve = Browser(pair.blog.url)
    eve.post("/wp-login.php", log="eve", pwd=PASSWORD)
    assert "eve" in eve.get("/wp-admin/profile.php").text
    assert eve.get("/wp-admin/options-general.php?page=moderator").status == 403
    assert eve.post("/wp-admin/admin-post.php", **form).status == 403
    saved = {"option_page": "moderator", "action": "update", "moderator_settings[url]": "http://evil.example"}
    assert eve.post("/wp-admin/options.php", **saved).status == 403
    assert "evil" not in pair.blog.option("moderator_settings")


def test_nothing_stays_when_it_is_deleted(pair: Pair) -> None:
    php(HERE / "site" / "uninstall.php", pair.blog.folder, "moderator/moderator.php")
    left = "SELECT {0} FROM {1} WHERE {0} LIKE '%moderator\\_%'"
    assert pair.blog.sql(left.format("meta_key", "wp_commentmeta")) == []
    assert pair.blog.sql(left.format("option_name", "wp_options")) == []
    assert "moderator" not in pair.blog.option("cron")
    assert pair.blog.status(pair.blog.comment(LINK + "?after")) == "1"  # as without it
    pair.blog.put_plugin()
    pair.ann.get("/wp-admin/" + pair.ann.get("/wp-admin/plugins.php").link("action=activate&plugin=moderator%2F"))
    assert "does not know its server yet" in pair.ann.get("/wp-admin/plugins.php").text
    pair.set(url=pair.server.url, key=pair.server.key, secrets=pair.callback_secret)
