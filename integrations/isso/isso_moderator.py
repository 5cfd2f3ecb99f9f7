"""Isso that asks moderator about each comment: a WSGI application, in place of ``isso.run``.

Each comment is stored as one that waits, then asked about under its number, and shown only if the answer is *approve*.
So a comment waits also where moderator is down, late, or anything fails. Run as a program (by cron), it asks again
about those that wait.

Isso's own configuration has the two settings, and ``notify = stdout`` (its default), where this takes its place::

    [general]
    notify = stdout
    [moderator]
    url = http://127.0.0.1:8080
    key = mk_...

For Isso 0.13 and 0.14. Standard library and Isso only.
"""

import html
import json
import logging
import os
import sys
import time
import urllib.error
import urllib.request
from types import SimpleNamespace

import isso
import isso.config
import isso.db

log = logging.getLogger("isso.moderator")

SHOWN, WAITS = 1, 2  # Isso's modes
PATIENCE = 2.0  # seconds that a commenter waits at most
DAYS = 7  # so old may a waiting comment be to be asked about again


class Moderator:
    """What Isso's signals call, as a way of notification of its own: it is iterated over for (signal, function)."""

    def __init__(self, app):
        self.comments, self.threads, self.conf = app.db.comments, app.db.threads, app.conf
        self.url = app.conf.get("moderator", "url").rstrip("/") + "/v1/comments"
        self.key = app.conf.get("moderator", "key")

    def __iter__(self):
        yield "comments.new:before-save", self.wait
        yield "comments.new:after-save", self.ask
        yield "comments.edit", self.edited

    def wait(self, _thread, comment):
        """Nobody sees it until there is an answer."""
        comment["mode"] = WAITS

    def ask(self, thread, comment):
        """Show it if it is approved; where Isso's owner wants to see each one, it goes on waiting all the same."""
        approved = self.decision(thread, comment) == "approve"
        if approved and comment["mode"] == WAITS and not self.conf.getboolean("moderation", "enabled"):
            self.comments.activate(comment["id"])
            comment["mode"] = SHOWN

    def edited(self, comment):
        """The new text is asked about, too, or an approved comment would be exchanged for another."""
        stored = self.comments.get(comment["id"])
        if stored["mode"] == SHOWN and self.decision(self.threads.get(stored["tid"]), stored) != "approve":
            self.comments.update(stored["id"], {"mode": WAITS})
            comment["mode"] = WAITS

    def again(self):
        """Ask about those that wait: moderator may have been down. It gives the same answer to the same comment."""
        since = time.time() - DAYS * 86_400
        question = "SELECT id FROM comments WHERE mode = ? AND created > ? ORDER BY id"
        for (number,) in self.comments.db.execute(question, (WAITS, since)).fetchall():
            stored = self.comments.get(number)
            self.ask(self.threads.get(stored["tid"]), stored)

    def decision(self, thread, comment):
        """*approve*, *hold* or *reject*; *hold* where there is no answer."""
        parent = self.comments.get(comment["parent"]) if comment.get("parent") else None
        host = next(self.conf.getiter("general", "host"), "")
        sent = {
            "id": comment["id"],
            "body": comment["text"],
            "kind": "reply" if parent else "comment",
            "author": {
                "name": html.unescape(comment.get("author") or ""),
                "email": html.unescape(comment.get("email") or ""),
                "url": html.unescape(comment.get("website") or ""),
            },
            "ip": comment.get("remote_addr") or "",
            "post": {"url": host.rstrip("/") + thread["uri"], "title": thread["title"] or ""},
            "parent": {"id": parent["id"], "text": parent["text"]} if parent else {},
        }
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.url, json.dumps(sent).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return json.load(answer)["decision"]
        except urllib.error.HTTPError as error:
            log.warning("comment %s waits: moderator answered %s", comment["id"], error.code)
        except (OSError, ValueError, KeyError) as error:
            log.warning("comment %s waits: no answer from moderator (%s)", comment["id"], type(error).__name__)
        return "hold"


def configuration():
    """Isso's configuration, from where Isso itself takes it."""
    conf = isso.config.load(isso.config.default_file(), os.environ.get("ISSO_SETTINGS"))
    if "stdout" not in conf.getlist("general", "notify"):
        sys.exit("isso_moderator: write notify = stdout into [general], else nobody is asked")
    return conf


if __name__ == "__main__":
    found = configuration()
    Moderator(SimpleNamespace(conf=found, db=isso.db.SQLite3(found.get("general", "dbpath"), found))).again()
else:
    isso.Stdout = Moderator
    application = isso.make_app(configuration(), threading=True)
