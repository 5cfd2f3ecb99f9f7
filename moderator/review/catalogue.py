"""Catalogues of translations: ``make catalogue`` gathers what is to be said.

It writes ``translations/moderator.pot`` (all that there is to say) and brings each language's ``.po`` up to it, what is
new with an empty translation to be filled in. Neither dates nor line numbers are kept, so that moving code changes no
catalogue; and nothing is compiled here, as a process compiles what it speaks when it first does (language.py).
"""

import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from moderator.review.language import CATALOGUES, LANGUAGES, catalogue
from moderator.review.sentences import sources

HERE = Path(__file__).parent
POT = CATALOGUES / "moderator.pot"
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
OPTIONS = {"templates/**.html": {"trimmed": "true", "silent": "false"}}
# Whose first argument is to be translated; of ngettext the first two.
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "marked": None}
# In gettext's names: what is not English and has to be there.
OTHERS = tuple(code for code in LANGUAGES if code != "en")


def gathered() -> Catalog:
    """All that the pages say in English, each with the files that say it."""
    catalog = _empty()
    found = extract_from_dir(HERE, METHODS, OPTIONS, keywords=KEYWORDS, comment_tags=())
    for filename, _, message, _, _ in sorted(found, key=lambda item: (str(item[2]), item[0])):
        catalog.add(message, locations=[(filename.replace("\\", "/"), 0)])
    for sentence, place in sources():
        catalog.add(sentence, locations=[(place.replace(" ", "-"), 0)])
    return catalog


class _Plain(Catalog):
    """Without dates, addresses and versions: the same sentences make the same file."""

    def _get_mime_headers(self) -> list[tuple[str, str]]:
        needed = ("Language", "Plural-Forms", "MIME-Version", "Content-Type", "Content-Transfer-Encoding")
        return [(name, value) for name, value in super()._get_mime_headers() if name in needed]

    mime_headers = property(_get_mime_headers, Catalog._set_mime_headers)


def _empty(language: str | None = None) -> Catalog:
    return _Plain(locale=language, project="moderator", fuzzy=False, header_comment="# The pages of moderator.")


def translated(language: str) -> Catalog:
    """What has been translated, as its file says it."""
    path = catalogue(language)
    if not path.exists():
        return _empty(language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def brought_up(language: str, source: Catalog) -> Catalog:
    """The language's catalogue with all that there is to say now; what is new has no translation yet."""
    before, after = translated(language), _empty(language)
    for message in _messages(source):
        known = before.get(message.id)
        after.add(message.id, known.string if known else None, locations=message.locations)
    return after


def untranslated(catalog: Catalog) -> list[str]:
    """What is said in English only."""
    missing = []
    for message in _messages(catalog):
        forms = message.string if isinstance(message.string, tuple | list) else (message.string,)
        if not forms or not all(forms):
            missing.append(str(message.id))
    return missing


def _messages(catalog: Catalog) -> Iterator[Message]:
    return (message for message in catalog if message.id)


def as_po(catalog: Catalog) -> bytes:
    """The text of a .po or .pot file."""
    file = BytesIO()
    write_po(file, catalog, width=100, sort_output=True, include_lineno=False)
    return file.getvalue()


def main() -> int:
    """Write all catalogues; 1 where something is left to be translated, which is said."""
    source = gathered()
    POT.write_bytes(as_po(source))
    left = 0
    for language in OTHERS:
        path, brought = catalogue(language), brought_up(language, source)
        path.write_bytes(as_po(brought))
        missing = untranslated(brought)
        left += len(missing)
        for sentence in missing:
            print(f"{language}: not translated: {sentence}")
        print(f"{language}: {len(list(_messages(brought)))} sentences, {len(missing)} to be translated in {path}")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
