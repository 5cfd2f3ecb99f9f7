"""A saved blog page: its comment list, found by the marks that themes share. The comments have no label.

WordPress classic themes write ``li.comment`` in ``ol.commentlist`` or ``ol.comment-list``, block themes in
``ol.wp-block-comment-template``; other engines are met by microdata, microformats and common class names.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from bs4 import BeautifulSoup
from bs4.element import NavigableString, PageElement, Tag

from moderator.training.readers.rows import CorpusError, Row, moment, opened

MOST_BYTES = 20_000_000
MOST_COMMENTS = 20_000
# The first that finds anything is the page's; from the surest to the loosest.
LISTS = (
    ".wp-block-comment-template li.comment, .wp-block-comment-template li.pingback, "
    ".wp-block-comment-template li.trackback, .wp-block-comment-template > li",
    ".commentlist li.comment, .comment-list li.comment, .commentlist li.pingback, .comment-list li.pingback, "
    ".commentlist li.trackback, .comment-list li.trackback, li.comment",
    ".commentlist > li, .comment-list > li",
    '[itemprop~="comment"], [itemtype$="schema.org/Comment"], [itemtype$="schema.org/UserComments"]',
    ".h-entry .u-comment, .h-cite.p-comment, .u-comment",
    "article.comment, div.comment, .comment-item, .isso-comment, .comment_item",
    '[id^="comment-"], [id^="c_comment"]',
)
# Where the text stands in a comment, and who wrote it; from the surest to the loosest.
TEXTS = (
    "comment-content wp-block-comment-content comment-text comment_text commenttext isso-text comment__content",
    "text",  # itemprop
    "e-content p-content comment-entry comment-message comment__body comment-main",
    "comment-body",
)
AUTHORS = (
    "fn wp-block-comment-author-name p-author isso-author",
    "author creator",  # itemprop, and class
    "comment-author comment-author-name comment__author commenter comment-author-link vcard",
)
# What a theme writes about a comment.
_BESIDE = (
    "comment-meta commentmetadata comment-metadata comment-author reply comment-reply-link comment-edit-link vcard "
    "wp-block-comment-date wp-block-comment-reply-link wp-block-comment-edit-link says avatar comment-footer "
    "comment-awaiting-moderation comment-header isso-comment-header isso-comment-footer"
)
BESIDE = frozenset(_BESIDE.split())
NOT_TEXT = frozenset({"script", "style", "form", "svg", "button", "template", "noscript"})
NUMBER = re.compile(r"\d{1,18}$")


def read(path: Path) -> Iterator[Row]:
    """The comments of a saved page, without labels. Raises CorpusError where it has none."""
    with opened(path) as stream:
        content = stream.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise CorpusError(f"{path}: is longer than {MOST_BYTES:,} bytes, which no page of a blog is")
    yield from of_markup(content, name=path.name)


def of_markup(content: bytes, *, name: str) -> Iterator[Row]:
    """The comments in a page's markup."""
    page = BeautifulSoup(content, "lxml")
    found: list[Tag] = []
    for pattern in LISTS:
        found = found or list(page.select(pattern, limit=MOST_COMMENTS))
    marks = {id(node) for node in found}
    title, link = _title(page), _link(page)
    rows = [row for node in found if (row := _row(node, marks, title=title, link=link))]
    if not rows:
        raise CorpusError(
            f"{name}: no comment list was found in this page. If it shows its comments by a script (Disqus, Facebook), "
            "they are not in the file: take the export of that service"
        )
    yield from rows


def _row(node: Tag, marks: set[int], *, title: str, link: str) -> Row | None:
    own = [tag for tag in _own(node, marks) if isinstance(tag, Tag)]
    classes = _classes(node)
    where = _first(own, TEXTS)
    text = where.decode_contents().strip() if where and not _holds(where, marks) else _rest(node, marks)
    if not text:
        return None
    kind = next((kind for kind in ("pingback", "trackback") if kind in classes), "")
    author = _first(own, AUTHORS) or (next((tag for tag in own if tag.name == "a"), None) if kind else None)
    links = [author, *author.find_all("a"), *author.find_parents("a", limit=1)] if author else []
    urls = [url for tag in links if isinstance(url := tag.get("href"), str) and url.startswith(("http://", "https://"))]
    stamped = next((str(tag.get("datetime")) for tag in own if tag.name == "time" and tag.get("datetime")), "")
    number = NUMBER.search(str(node.get("id") or ""))
    answers = any(id(parent) in marks for parent in node.parents)
    kind = kind or ("reply" if answers else "comment")
    return Row(
        node.sourceline or 0,
        {
            "id": number[0] if number else "",
            "text": text,
            "author": " ".join(author.get_text(" ").split()) if author else "",
            "author_url": urls[0] if urls else "",
            "kind": kind,
            "date": moment(stamped),
            "post_title": title,
            "post_url": link,
        },
    )


def _own(node: Tag, marks: set[int]) -> Iterator[PageElement]:
    """What is in a comment without the comments that answer it."""
    waiting: list[PageElement] = list(reversed(node.contents))
    while waiting:
        element = waiting.pop()
        if id(element) in marks:
            continue
        yield element
        if isinstance(element, Tag):
            waiting.extend(reversed(element.contents))


def _holds(node: Tag, marks: set[int]) -> bool:
    return any(id(tag) in marks for tag in node.find_all(True))


def _rest(node: Tag, marks: set[int]) -> str:
    """The text of a comment that has no element of its own for it: all that is not said about it."""
    out: list[str] = []
    waiting: list[PageElement] = list(reversed(node.contents))
    while waiting:
        element = waiting.pop()
        if isinstance(element, Tag):
            beside = element.name in NOT_TEXT or element.name == "time" or not BESIDE.isdisjoint(_classes(element))
            if beside or id(element) in marks:
                continue
            if element.name == "a":
                out.append(str(element))
            else:
                out.append("\n" if element.name in ("p", "br", "div", "li") else "")
                waiting.extend(reversed(element.contents))
        elif type(element) is NavigableString:  # its subclasses are comments and the like
            out.append(element.output_ready())
    return "".join(out).strip()


def _first(own: Iterable[Tag], choices: tuple[str, ...]) -> Tag | None:
    tags = list(own)
    for choice in choices:
        names = set(choice.split())
        for tag in tags:
            if not names.isdisjoint(_classes(tag)) or tag.get("itemprop") in names:
                return tag
    return next((tag for tag in tags if tag.name == "cite"), None) if choices is AUTHORS else None


def _classes(tag: Tag) -> set[str]:
    value = tag.get("class")
    return set(value) if isinstance(value, list) else set((value or "").split())


def _title(page: BeautifulSoup) -> str:
    for pattern in (
        'meta[property="og:title"]',
        "h1.entry-title",
        ".entry-title",
        ".wp-block-post-title",
        "h1",
        "title",
    ):
        tag = page.select_one(pattern)
        text = str(tag.get("content") or "") if tag and tag.name == "meta" else tag.get_text(" ") if tag else ""
        if text.strip():
            return " ".join(text.split())
    return ""


def _link(page: BeautifulSoup) -> str:
    for pattern, attribute in (('link[rel~="canonical"]', "href"), ('meta[property="og:url"]', "content")):
        tag = page.select_one(pattern)
        value = tag.get(attribute) if tag else None
        if isinstance(value, str) and value.startswith(("http://", "https://")):
            return value
    return ""
