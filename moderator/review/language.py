"""In which language the pages speak, and how they write numbers and times in it: gettext and CLDR, by Flask-Babel.

English is the source: what stands in the code and the templates. A catalogue for each other language is in
``translations/``; catalogue.py gathers it, and a test sees that nothing in it is left untranslated.
"""

from collections.abc import Iterator, Mapping
from datetime import date as Date
from datetime import datetime
from functools import lru_cache
from io import BytesIO
from pathlib import Path

import flask_babel
from babel import Locale
from babel.dates import format_date, format_time
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.support import NullTranslations, Translations
from flask import Blueprint, g, has_request_context, request
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup

# What the pages can speak, each by its own name.
LANGUAGES: Mapping[str, str] = {"en": "English", "de": "Deutsch"}
# Whose figures a language uses: English dates with the day first, as a page for many countries has them.
FORMATS = {"en": "en_GB"}
OUTSIDE = Locale("en", "GB")
CATALOGUES = Path(__file__).parent / "translations"
# As sure as a calibrated score can be told in per cent.
LEAST_SHOWN, MOST_SHOWN = 0.001, 0.999


def add(blueprint: Blueprint) -> None:
    """Give the application of the blueprint its catalogues."""

    @blueprint.record_once
    def speak(state: object) -> None:
        app = state.app  # type: ignore[attr-defined]
        app.jinja_env.policies["ext.i18n.trimmed"] = True
        babel = flask_babel.Babel()
        babel.domain_instance = _Compiled()
        babel.init_app(app, locale_selector=_locale)
        app.jinja_env.globals |= {"_": _said, "gettext": _said, "ngettext": _said_of_many}


# What templates say. Flask-Babel looks for the page's language anew at each sentence: a page of fifteen cards has 300
# sentences, and that was a tenth of its time.


@pass_context
def _said(context: Context, text: str, /, **values: object) -> str:
    found = _markup(locale().language, text) if context.eval_ctx.autoescape else gettext(text)
    return found % values


@pass_context
def _said_of_many(context: Context, one: str, many: str, count: int, /, **values: object) -> str:
    found = translations(locale().language).ungettext(one, many, count)
    return (Markup(found) if context.eval_ctx.autoescape else found) % {"num": count, **values}


@lru_cache(maxsize=4096)
def _markup(code: str, text: str) -> Markup:
    return Markup(translations(code).ugettext(text))


class _Compiled(flask_babel.Domain):  # type: ignore[misc]
    """Catalogues compiled when first used: no step to install, and no file that could be behind its source."""

    def get_translations(self) -> NullTranslations:
        """Those of the page at hand."""
        return translations(locale().language)


@lru_cache
def translations(code: str) -> NullTranslations:
    """What a language has for each English sentence; English has nothing to translate. 60 ms, once in a process."""
    path = catalogue(code)
    if not path.exists():
        return NullTranslations()
    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=code))
    compiled.seek(0)
    return Translations(compiled)


def catalogue(code: str) -> Path:
    """The file that is translated."""
    return CATALOGUES / f"{code}.po"


def wanted() -> str:
    """The person's own setting, else what the browser asks for, else English; a code of LANGUAGES."""
    session = g.get("session")
    own = session.person.language if session else ""
    if own in LANGUAGES:
        return str(own)
    return next(_asked(), "en") if has_request_context() else "en"


def _asked() -> Iterator[str]:
    """What the browser asks for and we speak, the dearest first.

    Not best_match(): to who prefers American English it would speak German where that is asked for at all.
    """
    for tag, quality in request.accept_languages:
        code = tag.partition("-")[0].lower()
        if quality and code in LANGUAGES:
            yield code


def _locale() -> str:
    code = wanted()
    return FORMATS.get(code, code)


def locale() -> Locale:
    """The locale of the page at hand; English outside of any."""
    try:
        found: Locale | None = g.get("locale")
    except RuntimeError:  # that is how Flask says it
        return OUTSIDE
    if found is None:
        found = g.locale = flask_babel.get_locale() or OUTSIDE
    return found


def marked(text: str) -> str:
    """``text`` as it is; the mark by which catalogue.py finds what is translated only where it is shown."""
    return text


def gettext(text: str, /, **values: object) -> str:
    """``text`` in the page's language, its ``%(name)s`` filled in."""
    if not text:  # which would be the catalogue's own head
        return ""
    found = str(translations(locale().language).ugettext(text))
    return found % values if values else found


def ngettext(one: str, many: str, count: int, /, **values: object) -> str:
    """The form for ``count``, which is ``%(num)s`` in it, written as the language writes numbers."""
    found = str(translations(locale().language).ungettext(one, many, count))
    return found % {"num": number(count), **values}


@lru_cache(maxsize=8192)
def _written(value: float, pattern: str | None, spoken: Locale) -> str:
    """A page of fifteen cards has 245 numbers, mostly the same few: a third of its time went into writing them."""
    return str(format_decimal(value, pattern, locale=spoken))


def number(value: float) -> str:
    """A number as the language writes it."""
    return _written(value, None, locale())


def decimals(value: float, places: int, *, sign: bool = False) -> str:
    """A number with so many places after the point, with its sign also where it is above zero."""
    shown = _written(abs(value), "#,##0." + "0" * places if places else "#,##0", locale())
    return f"{'-' if value < 0 else '+' if sign else ''}{shown}"


def per_cent(share: float) -> str:
    """A score (a probability) as it is told: never 0 or 100, which no score means."""
    if share < LEAST_SHOWN:
        return gettext("under %(number)s\u00a0%%", number=decimals(100 * LEAST_SHOWN, 1))
    if share > MOST_SHOWN:
        return gettext("over %(number)s\u00a0%%", number=decimals(100 * MOST_SHOWN, 1))
    return f"{decimals(100 * share, 1 if share < 0.01 or share > 0.99 else 0)}\u00a0%"


def rate(value: float) -> str:
    """A measured share, in per cent, to three figures below one per cent and to one place above."""
    return f"{decimals(100 * value, 2 if 0 < value < 0.01 else 1)}\u00a0%"


def share(threshold: float) -> str:
    """A share that somebody set, in per cent, with all of its digits."""
    return f"{format_decimal(round(100 * threshold, 10), '#,##0.##########', locale=locale())}\u00a0%"


def day(moment: Date) -> str:
    """A day as the language writes it."""
    return str(format_date(moment, locale=locale()))


def when(moment: datetime) -> str:
    """A time as the pages write it."""
    return f"{day(moment)}, {format_time(moment, 'HH:mm', locale=locale())} UTC"


def ago(moment: datetime, now: datetime) -> str:
    """How long ago that was, roughly."""
    seconds = int((now - moment).total_seconds())
    if seconds < 60:
        return gettext("just now")
    if seconds < 3_600:
        return ngettext("%(num)s minute ago", "%(num)s minutes ago", seconds // 60)
    if seconds < 86_400:
        return ngettext("%(num)s hour ago", "%(num)s hours ago", seconds // 3_600)
    return ngettext("%(num)s day ago", "%(num)s days ago", seconds // 86_400)


def direction() -> str:
    """Which way the page's language is written: ltr or rtl."""
    return str(locale().text_direction)
