"""PyPI's python-akismet: the key in the host name, TLS, bodies read as JSON."""

import json
import sys

from akismet import Akismet, AkismetServerError, SpamStatus

key, good, bare = sys.argv[1:]
client = Akismet(key, blog="https://blog.example/", timeout=10)


def about(text, author):
    return {"user_ip": "192.0.2.7", "user_agent": "Firefox", "comment_content": text, "comment_author": author}


said = {
    "spam": client.check(**about(good, "viagra-test-123")) == SpamStatus.ProbableSpam,
    "ham": client.check(**about(good, "Ann")) == SpamStatus.Ham,
    "administrator": client.check(**about(bare, "Owner"), user_role="administrator") == SpamStatus.Ham,
    "held": client.check(**about(bare, "Ben")) == SpamStatus.ProbableSpam,
}
client.submit_spam(**about(good, "Ann"))
client.submit_ham(**about(bare, "Ben"))
said["reported"] = True
try:
    Akismet(key, blog="https://blog.example/").submit(True, "", "", None, is_test=False)
except AkismetServerError:
    said["nothing"] = "refused"
print(json.dumps(said))
