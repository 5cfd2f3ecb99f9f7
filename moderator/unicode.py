"""Text as a reader's eye takes it: look-alikes, invisible characters and letter games undone, and counted.

The canonical form is NFKC (UAX #15) with what NFKC leaves alone: invisible and bidirectional controls (UAX #9) taken
out, stacked combining marks flattened, ornamental alphabets turned into letters, and letters of another script folded
to that of the word around them (the idea of UTS #39's skeleton, but word by word: Russian stays Russian).
"""

import html
import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from moderator.comment import UNSTORABLE

ENTITY = re.compile(r"&(?:#(?:\d{1,7}|[xX][0-9a-fA-F]{1,6})|[a-zA-Z]\w{1,31});?")
LONG_ENTITY = re.compile(r"&#(?:\d{8,}|[xX][0-9a-fA-F]{7,});?")


class Disguises(NamedTuple):
    """How often each trick was met; zero for nearly every honest comment."""

    invisible: int = 0  # zero-width characters inside words of scripts that never need them
    overrides: int = 0  # U+202D/U+202E: the text is shown in another order than it stands
    lookalikes: int = 0  # letters of one script standing in for another's
    ornaments: int = 0  # letters from mathematical, circled, squared … alphabets
    marks: int = 0  # combining marks on letters that have no use for them
    spaced: int = 0  # words written l i k e  t h i s


NONE = Disguises()

# U+00AD … U+E0FFF: Default_Ignorable_Code_Point of DerivedCoreProperties.txt, without the unassigned rest; and the
# Arabic stroke U+0640, which only stretches a word.
_INVISIBLE = (
    "\u00ad\u034f\u061c\u0640\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
INVISIBLE = re.compile(f"[{_INVISIBLE}]+")
# Arabic, Indic and emoji need joiners; Latin, Greek and Cyrillic words never do.
_ALPHABETIC = "A-Za-z\u00c0-\u024f\u0370-\u052f\u1e00-\u1fff"
INSIDE_WORD = re.compile(f"[{_INVISIBLE}](?<=[{_ALPHABETIC}][{_INVISIBLE}])[{_INVISIBLE}]*(?=[{_ALPHABETIC}])")
FILLER = re.compile("[\u3164\uffa0]")  # stand in a row of letters like a blank
FILLERS = str.maketrans("\u3164\uffa0", "  ")
OVERRIDE = re.compile("[\u202d\u202e]")
OVERRIDDEN = re.compile("\u202e([^\u202c\u202e\n]{0,4096})[\u202c]?")
_CONTROLS = "\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
CONTROLS = re.compile(f"[{_CONTROLS}]+")

# Combining marks of the scripts without vowel signs: three stacked are a pile (Vietnamese needs two), and NFKC's
# reordering would be quadratic on a long one.
_MARKS = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
# The mark first and what stands before it afterwards: a search skips to the first of a class, 5 to 17 times as quick.
LEFT_OVER_MARKS = re.compile(f"[{_MARKS}](?<=[{_ALPHABETIC}0-9 ][{_MARKS}])[{_MARKS}]*")
ZALGO = re.compile(f"[{_MARKS}](?<=[{_ALPHABETIC}][{_MARKS}])[{_MARKS}]{{2}}")
# Of the characters of a Vietnamese text, which has most of them, a third are such letters; where more are, nobody wrote
# them for what they say.
MARKED = re.compile(f"[\u00c0-\u024f\u1e00-\u1eff][{_MARKS}]*|[{_MARKS}](?<=[{_ALPHABETIC}][{_MARKS}])[{_MARKS}]*")
MOST_MARKED, MANY_MARKED = 0.5, 8
KEYCAP = re.compile("\u20e3(?<=[0-9#*]\u20e3)")


def ranges(points: Sequence[int]) -> str:
    """Code points as the inside of a regular expression's class."""
    out, start = [], points[0]
    for here, after in zip(points, [*points[1:], -1], strict=True):
        if after != here + 1:
            out.append(f"{re.escape(chr(start))}-{re.escape(chr(here))}")
            start = after
    return "".join(out)


# All marks, of vowels too (Devanagari, Thai): they are inside words.
MARKS = ranges(
    [point for point in (*range(0x300, 0x20F1), *range(0xA66F, 0xABEE)) if unicodedata.category(chr(point))[0] == "M"]
)
_COMBINING = ranges([point for point in range(0x300, 0x1E94B) if unicodedata.combining(chr(point))])
PILE = re.compile(f"([{_COMBINING}]{{3}})[{_COMBINING}]+")
# As few ranges as can be beyond U+FFFF, where they are searched through one by one: 1 µs, and PILE 40.
COMBINING = re.compile(
    f"[{ranges([point for point in range(0x300, 0x10000) if unicodedata.combining(chr(point))])}\U000101fd-\U0001e94a]"
)


def unescaped(text: str) -> str:
    """Entities as characters. Numbers beyond Unicode become U+FFFD: int() of 5,000 digits raises in html.unescape."""
    if "&" not in text or not (ENTITY.search(text) or LONG_ENTITY.search(text)):
        return text
    return html.unescape(LONG_ENTITY.sub("\ufffd", text))


def composed(text: str) -> str:
    """NFKC of a text of any length, in a time that grows with it alone.

    Piles of marks are cut down before, as sorting one takes quadratic time (40,000 marks of two classes in turn: 7 s),
    and so are the characters that become eighteen.
    """
    text = PILE.sub(r"\1", text) if COMBINING.search(text) else text
    return unicodedata.normalize("NFKC", text.translate(LONG_FORMS) if LONG_FORM.search(text) else text)


# What NFKC does not undo. Upper-case targets where the source looks upper case does not matter: features fold case.
_SMALL_CAPITALS = dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘǫʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnopqrstuvwyz", strict=True))
_TURNED = dict(zip("ɐɔǝɟƃɥᴉɾʞɯɹʇʌʍʎ", "acefghijkmrtvwy", strict=True))
_NEGATIVE = {chr(start + i): chr(65 + i) for start in (0x1F110, 0x1F150, 0x1F170) for i in range(26)}
_IN_PARENTHESES = {chr(0x249C + i): chr(97 + i) for i in range(26)}
_REGIONAL = {chr(0x1F1E6 + i): chr(65 + i) for i in range(26)}
ORNAMENT = str.maketrans(_SMALL_CAPITALS | _NEGATIVE | _IN_PARENTHESES)
# "ɔ" and others are letters of Akan and Ewe; three different ones make a text that stands on its head.
TURNED = str.maketrans(_TURNED | dict(zip("bqdpnu", "qbpdun", strict=True)))
TURNED_LETTER = re.compile("[" + "".join(_TURNED) + "]")
# Two in a row may be mathematics ("𝑑𝑥"); three are a word.
_ORNAMENTS = (
    ranges(  # as ranges: a class with 100 single letters beyond U+FFFF is searched through one by one, 43 µs
        sorted({*map(ord, (*_SMALL_CAPITALS, *_NEGATIVE, *_TURNED)), *range(0x249C, 0x24EA), *range(0x1F130, 0x1F14A)})
    )
    + "\U0001d400-\U0001d7ff"
)
ORNAMENTS = re.compile(f"[{_ORNAMENTS}]{{3,}}")
NOT_PLAIN = re.compile(f"[{_ORNAMENTS}\uff21-\uff3a\uff41-\uff5a\U0001f1e6-\U0001f1ff]")
WIDE = re.compile("[\uff21-\uff3a\uff41-\uff5a]{3,}")
EAST_ASIAN = re.compile(
    "[\u3041-\u30ff\u3400-\u9fff\uac00-\ud7a3]"
)  # whose writers have full-width Latin on their keys
# One flag is a pair; where letters stand singly, or in a row that is no whole number of pairs, all of them are writing.
REGIONAL = re.compile("[\U0001f1e6-\U0001f1ff]+")
REGIONAL_LETTER = str.maketrans(_REGIONAL)
# The few characters that NFKC makes more than four of (U+FDFA: 18): no text may grow beyond four times its length.
LONG_FORMS = {
    point: form[:4]
    for point in (*range(0x3300, 0x3400), 0xFDFA, 0xFDFB)
    if len(form := unicodedata.normalize("NFKC", chr(point))) > 4
}
LONG_FORMS[0x1680] = " "  # Ogham's space, which shows a line or nothing, is the one that NFKC leaves
LONG_FORM = re.compile(f"[{ranges(sorted(LONG_FORMS))}]")

# Whatever a step before NFKC may act on; 3 % of texts beyond ASCII have such a character. The class spares the others
# nine searches. Beyond U+FFFF it is wider than it need be, as few ranges are quick.
ODD = re.compile(
    f"[\x00{_CONTROLS}\ud800-\udfff{_INVISIBLE}{_MARKS}\uff21-\uff3a\uff41-\uff5a{COMBINING.pattern[1:-1]}"
    f"{ranges(sorted(map(ord, (*_SMALL_CAPITALS, *_TURNED))))}\u249c-\u24e9{LONG_FORM.pattern[1:-1]}"
    "\U00010000-\U0001f1ff\U000e0000-\U000e0fff]"
)

# Letters that look alike, by script (a selection of UTS #39's confusables that spam uses; facts of letter shapes).
# The Turkish "ı" is not among them: whole comments are written with it.
_TO_LATIN = {
    **dict(zip("авеікмнорстухѕјԁԛԝһүӏьꙇ", "abeikmhopctyxsjdqwhyibi", strict=True)),
    **dict(zip("АВЕІКМНОРСТУХЅЈԌԚԜҮӀ", "ABEIKMHOPCTYXSJGQWYI", strict=True)),
    **dict(zip("αβεηικνορτυχγωϲϳ", "abenikvoptuxywcj", strict=True)),
    **dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧϹ", "ABEZHIKMNOPTYXC", strict=True)),
    **dict(zip("ագհոսցօվ", "wqhnugou", strict=True)),
    **dict(zip("ᎪᏴᏟᎠᎬᏀᎻᏆᎫᏦᏞᎷᏢᏒᏚᎢᏙᎳᏃ", "ABCDEGHIJKLMPRSTVWZ", strict=True)),
    **dict(zip("ᎪᏴᏟᎠᎬᏀᎻᏆᎫᏦᏞᎷᏢᏒᏚᎢᏙᎳᏃ".lower(), "abcdeghijklmprstvwz", strict=True)),
    **dict(zip("ƖǀɑɡɩʋⅼⅰⅴⅹℓʟƚɴƄᖯᑯ", "liagivlivxlllnbbd", strict=True)),
}
LATIN_FOR = str.maketrans(_TO_LATIN)
CYRILLIC_FOR = str.maketrans(dict(zip("aeikmhopctyxsjABEIKMHOPCTYXSJ", "аеікмнорстухѕјАВЕІКМНОРСТУХЅЈ", strict=True)))
FOREIGN = re.compile("[" + "".join(re.escape(c) for c in _TO_LATIN) + "]")
MIXED_TOKEN = re.compile(r"[^\W\d_]{2,200}")
_LATIN = re.compile("[A-Za-z\u00c0-\u024f]")
_CYRILLIC = re.compile("[\u0400-\u052f]")
# A Latin letter beside one that is not, or one that is both Latin and a look-alike: without a word is all one script.
_NOT_LATIN = "[^\\W\\d_A-Za-z\u00c0-\u024f]"
SEAM = re.compile(
    f"[A-Za-z\u00c0-\u024f](?:(?={_NOT_LATIN})|(?<={_NOT_LATIN}[A-Za-z\u00c0-\u024f])"
    f"|(?<=[{''.join(c for c in _TO_LATIN if _LATIN.match(c))}]))"
)

# Five single letters with the same thing between them, a new line too. "U.S.A." has three, "A B C D" four.
SPACED = re.compile(r"(?<![^\W_])[^\W\d_]([ .\-_*|/~\n])(?:[^\W\d_]\1){3,200}[^\W\d_](?![^\W_])")
# Beside so many of those, four are a word too.
SEVERAL = 2
SPACED_TOO = re.compile(SPACED.pattern.replace("{3,200}", "{2,200}"))
# No word is longer than so many letters with what stands between them: "b_u_y_c_h_e_a_p_…" counts as several.
LONGEST_SPACED = 24


def _outline_of(character: str) -> str:
    if character.isalpha() or character == "?":
        return "a"
    if character in " .-_*|/~\n":
        return " "
    return "c" if character == "\x00" or CONTROLS.match(character) else "x"


# ASCII as letters (a; "?" too, as which all other letters are encoded), what may stand between spaced ones (a space),
# controls (c) and the rest (x): shows where five spaced letters can be.
_OUTLINE = "".join(map(_outline_of, map(chr, range(256)))).encode()


def fold_word(found: re.Match[str]) -> str:
    """A word of two scripts with its look-alikes as the other's letters; any other as it is."""
    word = found[0]
    if not FOREIGN.search(word):
        return word
    latin, cyrillic = len(_LATIN.findall(word)), len(_CYRILLIC.findall(word))
    if not latin:
        return word
    # "Скайпом" with one Latin letter is Russian with a slip; anything else that mixes is Latin in disguise. A word with
    # as many Cyrillic letters that have no Latin twin is left as it is.
    as_latin = word.translate(LATIN_FOR)
    if not _CYRILLIC.search(as_latin):
        return as_latin
    return word.translate(CYRILLIC_FOR) if cyrillic > latin else word


def _fold_lookalikes(text: str) -> tuple[str, int]:
    if not SEAM.search(text):
        return text, 0
    folded = MIXED_TOKEN.sub(fold_word, text)
    if folded == text:
        return text, 0
    changed = sum(a != b for a, b in zip(text, folded, strict=True))
    # Words made of look-alikes alone stay unless all the rest is Latin: then nobody wrote Russian here.
    if not _CYRILLIC.search(folded.translate(LATIN_FOR)):
        folded = folded.translate(LATIN_FOR)
        changed = sum(a != b for a, b in zip(text, folded, strict=True))
    return folded, changed


def _join_spaced(text: str) -> tuple[str, int]:
    """Text with letters that stood apart as words, and how many words they may be."""
    words = sum(1 + (found.end() - found.start()) // LONGEST_SPACED for found in SPACED.finditer(text))
    if not words:
        return text, 0
    return (SPACED if words < SEVERAL else SPACED_TOO).sub(lambda found: found[0][::2], text), words


def _has_writing(text: str) -> bool:
    return any(len(run) % 2 for run in REGIONAL.findall(text))


# A second round finds what the first uncovered (a mark that composes with a folded letter); two do for real texts.
MOST_ROUNDS = 8


def canonical(text: str) -> tuple[str, Disguises]:
    """``text`` as the eye takes it, and what was undone. Total for every str, linear, and idempotent."""
    plain, undone = _once(text)
    for _ in range(MOST_ROUNDS):
        if plain == text:
            break
        text = plain
        plain, more = _once(text)
        if more is not NONE:
            undone = Disguises(*map(sum, zip(undone, more, strict=True)))
    return plain, undone


def _once(text: str) -> tuple[str, Disguises]:
    if not text:
        return text, NONE
    if not text.isascii():
        return _once_unicode(text)
    outline = text.encode("ascii").translate(_OUTLINE)
    if b"c" in outline:
        text = CONTROLS.sub("", text.replace("\x00", ""))
        outline = text.encode("ascii").translate(_OUTLINE)
    if b"a a a a a" not in outline:
        return text, NONE  # nearly all: 1.5 µs to see it, where SPACED takes 5
    joined, spaced = _join_spaced(text)
    return joined, (Disguises(spaced=spaced) if spaced else NONE)


def _once_unicode(text: str) -> tuple[str, Disguises]:
    invisible = overrides = ornaments = marks = left_over = lookalikes = spaced = 0
    odd = ODD.search(text) is not None
    if odd:
        text, invisible, overrides = _shown(UNSTORABLE.sub("\ufffd", text))
        text = CONTROLS.sub("", text)
        if NOT_PLAIN.search(text):
            text, ornaments = _plain_letters(text)
        if COMBINING.search(text):
            text = PILE.sub(r"\1", text)
        if ZALGO.search(text):
            text, marks = LEFT_OVER_MARKS.subn("", unicodedata.normalize("NFD", text))
        if LONG_FORM.search(text):
            text = text.translate(LONG_FORMS)
    whole = unicodedata.normalize("NFKC", text)
    # Only of text that is composed already: else a letter that another step exchanges is bare before it gets there.
    if whole == text and len(MARKED.findall(whole)) > max(MOST_MARKED * len(whole), MANY_MARKED):
        bare, more = LEFT_OVER_MARKS.subn("", unicodedata.normalize("NFD", whole))
        whole, marks = unicodedata.normalize("NFKC", bare), marks + more
    if odd or whole != text:
        text, left_over = LEFT_OVER_MARKS.subn("", KEYCAP.sub("", whole))
    if FOREIGN.search(text) and _LATIN.search(text):
        text, lookalikes = _fold_lookalikes(text)
    if b"a a a a a" in text.encode("ascii", "replace").translate(_OUTLINE):
        text, spaced = _join_spaced(text)
    found = (invisible, overrides, lookalikes, ornaments, marks + left_over, spaced)
    return text, Disguises(*found) if any(found) else NONE


def _shown(text: str) -> tuple[str, int, int]:
    """Text without what cannot be seen, in the order in which it is shown; how many such characters and overrides."""
    if not INVISIBLE.search(text):
        return text, 0, 0
    overrides = len(OVERRIDE.findall(text))
    if overrides:
        text = OVERRIDDEN.sub(lambda found: found[1][::-1], text)
    invisible = sum(len(run) for run in INSIDE_WORD.findall(text))
    if FILLER.search(text):
        text = text.translate(FILLERS)
    return INVISIBLE.sub("", text), invisible, overrides


def _plain_letters(text: str) -> tuple[str, int]:
    """Ornamental letters as plain ones, and how many stand in words of them."""
    count = sum(map(len, ORNAMENTS.findall(text)))
    wide = sum(map(len, WIDE.findall(text)))
    if wide and not EAST_ASIAN.search(text):
        count += wide
    turned = TURNED_LETTER.findall(text)
    if len(set(turned)) > 2:
        count = max(count, len(turned))
        # Whoever stands on their head reads from the other end.
        text = "\n".join(line[::-1] for line in text.translate(TURNED).split("\n"))
    if _has_writing(text):
        count += len(REGIONAL.findall(text))
        text = text.translate(REGIONAL_LETTER)
    return text.translate(ORNAMENT), count
