"""A Disqus export (Admin → Moderate → Export): ``thread`` is a page, ``post`` a comment on it.

``isSpam`` is the moderators' (or Disqus's) word; a comment that was deleted without being called spam says nothing.
"""

from collections.abc import Iterator
from pathlib import Path

from moderator.training.readers.records import Element, XmlBroken, records
from moderator.training.readers.rows import MOST_LINE, MOST_OF_A_PARENT, Row, moment, opened, undecodable

WANTED = frozenset({("disqus", "category"), ("disqus", "thread"), ("disqus", "post")})


def read(path: Path) -> Iterator[Row]:
    """The comments of a Disqus export."""
    forum, found = "", 0
    threads: dict[str, tuple[str, str]] = {}
    texts: dict[str, str] = {}
    with opened(path) as stream:
        try:
            for element in records(stream, WANTED):
                forum = forum or element.text("forum").strip()
                if element.name == "thread":
                    threads[element.attributes.get("id", "")] = (
                        element.text("title").strip(),
                        element.text("link").strip(),
                    )
                elif element.name == "post":
                    found += 1
                    yield _row(element, threads, texts, forum=forum)
        except XmlBroken as error:
            yield Row(error.line, problem=f"{error.problem}; {found:,} comments were read before")


def _row(post: Element, threads: dict[str, tuple[str, str]], texts: dict[str, str], *, forum: str) -> Row:
    own_id, text = post.attributes.get("id", ""), post.text("message").strip()
    thread, parent = post.child("thread"), post.child("parent")
    title, link = threads.get(thread.attributes.get("id", ""), ("", "")) if thread else ("", "")
    answered = parent.attributes.get("id", "") if parent else ""
    name, email = post.text("author", "name").strip(), post.text("author", "email").strip()
    texts[own_id] = text[:MOST_OF_A_PARENT]
    if post.too_long:
        return Row(post.line, problem=f"is longer than {MOST_LINE:,} characters")
    spam = _truth(post, "isSpam")
    if spam is None:
        return Row(post.line, problem="isSpam: is missing or neither true nor false")
    if not spam and _truth(post, "isDeleted"):
        return Row(post.line, passed="deleted")
    problem = undecodable(text + name + email + title)
    if problem:
        return Row(post.line, problem=problem)
    return Row(
        post.line,
        {
            "id": own_id,
            "text": text,
            "author": name,
            "author_email": email,
            "ip": post.text("ipAddress").strip(),
            "kind": "reply" if answered else "comment",
            "date": moment(post.text("createdAt")),
            "post_title": title,
            "post_url": link,
            "parent_text": texts.get(answered, ""),
            "label": "spam" if spam else "ham",
            "source": f"disqus {forum}" if forum else "",
        },
    )


def _truth(post: Element, name: str) -> bool | None:
    return {"true": True, "1": True, "false": False, "0": False}.get(post.text(name).strip().lower())
