"""The native protocol, told once: as an OpenAPI 3.1 document, which the page of documentation is made from, too.

A test compares the addresses with the application's, another sends what this allows and forbids to a running server,
and a third runs each curl line. https://spec.openapis.org/oas/v3.1.1.html
"""

from moderator.comment import MOST_ID
from moderator.wire.native import batch, once, signatures
from moderator.wire.native.schemas import PROBLEMS, SCHEMAS, Json

TITLE = "moderator"
ABOUT = """\
A blog posts each new comment and is answered at once: approve it, hold it, or reject it, with the reasons.

**If there is no answer within two seconds, or a 503, hold the comment and send the same request again later.** That is
always safe: the same id with the same content is the same comment, and has the same answer."""

ID_IN_PATH: Json = {
    "name": "id",
    "in": "path",
    "required": True,
    "schema": {"type": "string"},
    "description": "Our id, as POST /v1/comments answered it.",
}
OWN_ID: Json = {
    "name": "external_id",
    "in": "query",
    "required": True,
    "schema": {"type": "string", "minLength": 1, "maxLength": MOST_ID},
    "description": "The blog's own id of the comment.",
}
SITE: Json = {
    "name": "site",
    "in": "query",
    "required": False,
    "schema": {"type": "string"},
    "description": "The site's name, where the request is signed and so carries no key.",
}
IDEMPOTENCY_KEY: Json = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {
        "type": "string",
        "maxLength": once.MOST_OF_A_KEY,
        "pattern": f"^({once.QUOTED.pattern}|{once.BARE.pattern})$",
    },
    "description": f"Happens once under this name ({once.MOST_OF_A_KEY} characters in quotes at most), kept for a day.",
}


def _sent(schema: str, *types: str) -> Json:
    return {
        "required": True,
        "content": {mime: {"schema": {"$ref": f"#/components/schemas/{schema}"}} for mime in types},
    }


def _json(says: str, schema: str, mime: str = "application/json") -> Json:
    return {"description": says, "content": {mime: {"schema": {"$ref": f"#/components/schemas/{schema}"}}}}


def _problems(*statuses: int) -> Json:
    told = {}
    for status in statuses:
        when = " ".join(says for code, says in PROBLEMS.values() if code == status)
        told[str(status)] = _json(when or "Something failed inside.", "Problem", "application/problem+json")
    return told


def _curl(lines: str) -> list[Json]:
    return [{"lang": "Shell", "source": lines}]


KEYS: list[Json] = [{"key": []}]
KEYS_OR_SIGNATURES = [*KEYS, {"signature": [], "message": [], "timestamp": []}]
SCHEMES: Json = {
    "key": {
        "type": "http",
        "scheme": "bearer",
        "description": "The site's key, as `moderator sites add` printed it.",
    },
    **{
        name: {"type": "apiKey", "in": "header", "name": f"webhook-{header}", "description": says}
        for name, header, says in (
            ("message", "id", "The message's own id, the same when it is sent again. Standard Webhooks 1.0.0."),
            (
                "timestamp",
                "timestamp",
                f"The second of sending; at most {signatures.TOLERANCE // 60} minutes from ours.",
            ),
            ("signature", "signature", "v1, and base64 of HMAC-SHA256 over id.timestamp.body, or a list of such."),
        )
    },
}

# The curl lines; "{base}" stands for the address where we are.
KEY = '-H "Authorization: Bearer $KEY"'
JSON = '-H "Content-Type: application/json"'
ID = f'ID=$(curl -s "{{base}}/v1/comments?external_id=1" {KEY} | cut -d \'"\' -f 4)'
SPAM = """'{"id": "1", "author": {"name": "cheap watches"},
      "body": "Great post! Cheap watches at www.watch-deals-24.shop"}'"""
TWO = """'{"id": "2", "body": "Thank you, the third step was it."}' \\
  '{"id": "3", "body": "www.watch-deals-24.shop"}'"""

PATHS: Json = {
    "/v1/comments": {
        "post": {
            "operationId": "decide",
            "summary": "Decide on a comment",
            "description": (
                "The answer is sent when the decision is on disk. 201 for a new comment, 200 for one that is known: "
                "the same id with the same content (body, author, post, parent, kind, language) gets the same answer; "
                "with another content it is an edit, decided anew, its history kept."
            ),
            "security": KEYS_OR_SIGNATURES,
            "parameters": [SITE, IDEMPOTENCY_KEY],
            "requestBody": _sent("Comment", "application/json"),
            "responses": {
                "200": _json("Known: the answer that stands, or the one to the edit.", "AnswerOrHold"),
                "201": _json("New.", "Answer"),
                **_problems(400, 401, 409, 413, 415, 422, 503),
            },
            "x-codeSamples": _curl(f"curl -s {{base}}/v1/comments {KEY} \\\n  {JSON} \\\n  -d {SPAM}"),
        },
        "get": {
            "operationId": "find",
            "summary": "Find a comment by the blog's own id",
            "description": "What GET /v1/comments/{id} answers.",
            "security": KEYS,
            "parameters": [OWN_ID],
            "responses": {"200": _json("All that is known of it.", "History"), **_problems(400, 401, 404, 503)},
            "x-codeSamples": _curl(f'curl -s "{{base}}/v1/comments?external_id=1" {KEY}'),
        },
        "delete": {
            "operationId": "deleteByOwnId",
            "summary": "Delete a comment by the blog's own id",
            "description": "What DELETE /v1/comments/{id} does.",
            "security": KEYS,
            "parameters": [OWN_ID],
            "responses": {"200": _json("It is deleted.", "Deleted"), **_problems(400, 401, 404, 503)},
            "x-codeSamples": _curl(f'curl -s -X DELETE "{{base}}/v1/comments?external_id=2" {KEY}'),
        },
    },
    "/v1/comments/batch": {
        "post": {
            "operationId": "decideMany",
            "summary": "Decide on many comments",
            "description": (
                f"Up to {batch.MOST_COMMENTS:,} comments, as an array or one a line. Answers are in the same order, "
                "each an answer or a problem; what is wrong with one comment does not touch the others. Lines are "
                "answered by lines while later ones are still judged. With an Idempotency-Key or signed, a batch that "
                "comes again goes on where it had stopped: known comments give the answer that stands, and nothing is "
                "edited."
            ),
            "security": KEYS_OR_SIGNATURES,
            "parameters": [SITE, IDEMPOTENCY_KEY],
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {"schema": {"type": "array", "maxItems": batch.MOST_COMMENTS}},
                    batch.LINES[0]: {},
                },
            },
            "responses": {
                "200": {
                    "description": "An answer for each.",
                    "content": {
                        "application/json": {
                            "schema": {"type": "array", "items": {"$ref": "#/components/schemas/BatchAnswer"}}
                        },
                        batch.LINES[0]: {},
                    },
                },
                **_problems(400, 401, 409, 413, 415, 422, 503),
            },
            "x-codeSamples": _curl(
                f"printf '%s\\n' \\\n  {TWO} |\ncurl -s {{base}}/v1/comments/batch {KEY} \\\n"
                f'  -H "Content-Type: {batch.LINES[0]}" --data-binary @-'
            ),
        },
    },
    "/v1/comments/{id}": {
        "parameters": [ID_IN_PATH],
        "put": {
            "operationId": "edit",
            "summary": "Give a comment another content",
            "description": (
                "The whole new content, decided anew; what was said of the former content is kept with it and does not "
                "count for the new one. The same as POST /v1/comments with the blog's own id, but for a comment that "
                "is there. A signature does not cover the address, so in a signed request the id must be in the body."
            ),
            "security": KEYS_OR_SIGNATURES,
            "parameters": [SITE, IDEMPOTENCY_KEY],
            "requestBody": _sent("Edit", "application/json"),
            "responses": {
                "200": _json("The answer to the new content.", "AnswerOrHold"),
                **_problems(400, 401, 404, 409, 413, 415, 422, 503),
            },
            "x-codeSamples": _curl(
                f'{ID}\ncurl -s -X PUT {{base}}/v1/comments/$ID {KEY} \\\n  {JSON} -d \'{{"body": "Great post!"}}\''
            ),
        },
        "get": {
            "operationId": "show",
            "summary": "Ask for all that is known of a comment",
            "description": "Its content, status, decisions, verdicts and former contents, each list oldest first.",
            "security": KEYS,
            "responses": {"200": _json("All that is known of it.", "History"), **_problems(401, 404, 503)},
            "x-codeSamples": _curl(f"{ID}\ncurl -s {{base}}/v1/comments/$ID {KEY}"),
        },
        "delete": {
            "operationId": "delete",
            "summary": "Delete a comment",
            "description": (
                "Its content, the reasons that quote it, and former contents are overwritten; but what a human has "
                "called ham or spam stays, as it teaches. The ids, times, scores and verdicts stay. Deleting it again "
                "changes nothing. If the blog sends it again, it is decided anew."
            ),
            "security": KEYS,
            "responses": {"200": _json("It is deleted.", "Deleted"), **_problems(401, 404, 503)},
            "x-codeSamples": _curl(f"{ID}\ncurl -s -X DELETE {{base}}/v1/comments/$ID {KEY}"),
        },
    },
    "/v1/comments/{id}/verdict": {
        "parameters": [ID_IN_PATH],
        "post": {
            "operationId": "learn",
            "summary": "Tell a human's verdict",
            "description": (
                "What somebody on the blog's side said of it. Ham and spam are learned from, unwanted is not, and open "
                "takes the earlier word back: the comment waits again. A signature does not cover the address, so in a "
                "signed request our id must be in the body."
            ),
            "security": KEYS_OR_SIGNATURES,
            "parameters": [SITE, IDEMPOTENCY_KEY],
            "requestBody": _sent("Verdict", "application/json"),
            "responses": {
                "200": _json("It is stored.", "VerdictGiven"),
                **_problems(400, 401, 404, 409, 413, 415, 422, 503),
            },
            "x-codeSamples": _curl(
                f"{ID}\ncurl -s {{base}}/v1/comments/$ID/verdict {KEY} \\\n  {JSON} \\\n"
                '  -d \'{"verdict": "spam", "by": "ann"}\''
            ),
        },
    },
}

# With the secret that `moderator sites secret add` printed, and no more than a shell and OpenSSL.
SIGNED = """\
BODY='{"id": "4", "body": "Signed, not keyed."}'
MESSAGE=msg_$(date +%s)_$$; AT=$(date +%s)
HEX=$(printf '%s' "${SECRET#whsec_}" | base64 -d | od -An -v -tx1 | tr -d ' \\n')
SIGNATURE=$(printf '%s.%s.%s' "$MESSAGE" "$AT" "$BODY" |
  openssl dgst -sha256 -mac HMAC -macopt "hexkey:$HEX" -binary | base64)
curl -s "{base}/v1/comments?site=$SITE" -H "Content-Type: application/json" -d "$BODY" \\
  -H "webhook-id: $MESSAGE" -H "webhook-timestamp: $AT" -H "webhook-signature: v1,$SIGNATURE\""""


def document(version: str, base: str) -> Json:
    """The OpenAPI document of this version, with curl lines for the address ``base``."""
    return {
        "openapi": "3.1.0",
        "info": {"title": TITLE, "version": version, "description": ABOUT, "license": {"name": "MIT"}},
        "servers": [{"url": base}],
        "paths": {path: _at(item, base) for path, item in PATHS.items()},
        "components": {"schemas": SCHEMAS, "securitySchemes": SCHEMES},
    }


def _at(item: Json, base: str) -> Json:
    """The operations at an address, with their curl lines for ``base``."""
    return {
        name: part | {"x-codeSamples": _curl(part["x-codeSamples"][0]["source"].replace("{base}", base))}
        if "x-codeSamples" in part
        else part
        for name, part in item.items()
    }
