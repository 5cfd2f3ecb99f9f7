"""PyPI's pykismet3: the key in the host name, port 80, content_type for comment_type."""

import json
import sys

from pykismet3 import Akismet

key, good, bare = sys.argv[1:]
client = Akismet(blog_url="https://blog.example/", user_agent="Test/1", api_key=key)


def about(text, author):
    return {
        "user_ip": "192.0.2.7",
        "user_agent": "Firefox",
        "referrer": "",
        "content_type": "comment",
        "comment_content": text,
        "comment_author": author,
    }


said = {
    "spam": client.check(about(good, "viagra-test-123")) is True,
    "ham": client.check(about(good, "Ann")) is False,
    "held": client.check(about(bare, "Ben")) is True,
}
client.submit_spam(about(good, "Ann"))
client.submit_ham(about(bare, "Ben"))
said["reported"] = True
print(json.dumps(said))
