"""PyPI's akismet: the key in the body, TLS."""

import json
import sys

import akismet

key, good, bare = sys.argv[1:]
config = akismet.Config(key=key, url="https://blog.example/")
with akismet.SyncClient.validated_client(config=config) as client:

    def about(text: str, author: str) -> dict[str, str]:
        return {"user_ip": "192.0.2.7", "comment_content": text, "comment_author": author, "comment_type": "comment"}

    SPAM = akismet.CheckResponse.SPAM
    said = {
        "valid": client.verify_key(),
        "spam": client.comment_check(**about(good, "akismet-guaranteed-spam")) is SPAM,
        "ham": client.comment_check(**about(good, "Ann")) is akismet.CheckResponse.HAM,
        "administrator": client.comment_check(**about(bare, "Owner"), user_role="administrator")
        is akismet.CheckResponse.HAM,
        "held": client.comment_check(**about(bare, "Ben")) is SPAM,
        "reported": client.submit_spam(**about(good, "Ann")) and client.submit_ham(**about(bare, "Ben")),
        "limit": client.usage_limit()["limit"],
    }
try:
    akismet.SyncClient.validated_client(config=akismet.Config(key="0" * 12, url="https://blog.example/"))
except akismet.APIKeyError:
    said["wrong_key"] = "refused"
print(json.dumps(said))
