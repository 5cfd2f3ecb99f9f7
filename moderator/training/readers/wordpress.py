"""A WordPress export (WXR 1.0 … 1.2): Tools → Export, or ``wp export``.

The format is what WordPress's wp-admin/includes/export.php writes: RSS with a ``wp:comment`` for each comment of an
``item``. Its ``wp:comment_approved`` is the moderators' word: 1 approved, spam, 0 pending, trash.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from moderator.training.readers.records import Element, XmlBroken, records
from moderator.training.readers.rows import MOST_LINE, MOST_OF_A_PARENT, Row, moment, opened, undecodable
from moderator.unicode import unescaped

WANTED = frozenset(
    {
        ("channel", "title"),
        ("channel", "link"),
        ("channel", "wp:base_blog_url"),
        ("item", "title"),
        ("item", "link"),
        ("item", "wp:comment"),
    }
)
LABELS = {"1": "ham", "approve": "ham", "approved": "ham", "spam": "spam"}
PASSED = {"0": "pending", "hold": "pending", "trash": "in the trash", "post-trashed": "in the trash"}
# Shops and plugins keep their own notes as comments; nobody wrote them into a form.
KINDS = frozenset({"", "comment", "pingback", "trackback", "review"})


def read(path: Path) -> Iterator[Row]:
    """The comments of a WordPress export."""
    source, title, link, found = "", "", "", 0
    texts: dict[str, str] = {}
    with opened(path) as stream:
        try:
            for element in records(stream, WANTED):
                if element.name == "wp:comment":
                    found += 1
                    yield _row(element, source=source, title=title, link=link, texts=texts)
                elif element.parent == "channel":
                    said = element.text().strip()
                    source = said if element.name == "title" else urlsplit(said).hostname or source
                elif element.name == "title":
                    title, link = element.text().strip(), ""
                    texts.clear()
                else:
                    link = element.text().strip()
        except XmlBroken as error:
            yield Row(error.line, problem=f"{error.problem}; {found:,} comments were read before")


def _row(comment: Element, *, source: str, title: str, link: str, texts: dict[str, str]) -> Row:
    values = {child.name.removeprefix("wp:comment_"): child.text().strip() for child in comment.children}
    texts[values.get("id", "")] = values.get("content", "")[:MOST_OF_A_PARENT]
    if comment.too_long:
        return Row(comment.line, problem=f"is longer than {MOST_LINE:,} characters")
    parent = texts.get(values.get("parent", ""), "")
    return row_of(comment.line, values, source=source, title=title, link=link, parent=parent)


def row_of(line: int, values: Mapping[str, str], *, source: str, title: str, link: str, parent: str) -> Row:
    """The row of a comment with WordPress's own fields (``comment_`` taken off), wherever it was read."""
    status, kind = values.get("approved", ""), values.get("type", "").lower()
    if kind not in KINDS:
        return Row(line, passed=f"of the kind {kind[:40]}")
    if status in PASSED:
        return Row(line, passed=PASSED[status])
    if status not in LABELS:
        return Row(line, problem=f"wp:comment_approved: must be 1, 0, spam or trash, not {status[:40]!r}")
    problem = undecodable("".join(values.values()))
    if problem:
        return Row(line, problem=problem)
    answers = values.get("parent", "") not in ("", "0")
    return Row(
        line,
        {
            "id": values.get("id", ""),
            "text": values.get("content", ""),
            "author": unescaped(values.get("author", "")),
            "author_email": values.get("author_email", ""),
            "author_url": values.get("author_url", ""),
            "ip": values.get("author_IP", ""),
            "user_agent": values.get("agent", ""),
            "kind": "reply" if answers and kind in ("", "comment") else kind,
            "date": moment(values.get("date_gmt", "")) or moment(values.get("date", "")),
            "post_title": unescaped(title),
            "post_url": link,
            "parent_text": parent if answers else "",
            "label": LABELS[status],
            "source": source,
        },
    )
