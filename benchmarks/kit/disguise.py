"""What spammers do to a text so that filters do not see what readers see: 24 transforms and 9 kinds of padding.

Written apart from reading.py and unicode.py: no table is shared with what undoes them.
"""

import re
import unicodedata
from collections.abc import Callable
from random import Random

Transform = Callable[[str, Random], str]

_CYRILLIC = str.maketrans("aeopcxyijsABEKMHOPCTX", "аеорсхуіјѕАВЕКМНОРСТХ")
_GREEK = str.maketrans("oviptuaABEHIKMNOPTXYZ", "ονιρτυαΑΒΕΗΙΚΜΝΟΡΤΧΥΖ")
_LEET = str.maketrans("aeiostAEIOST", "4310574310$7")
_SMALL = str.maketrans("abcdefghijklmnopqrstuvwyz", "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘǫʀꜱᴛᴜᴠᴡʏᴢ")
_WORD = re.compile(r"[A-Za-z]{4,}")
_MARKS = [chr(point) for point in range(0x300, 0x315)]


def _alphabet(upper: int, lower: int | None = None) -> Transform:
    """Letters from another block that begins at these code points."""

    def change(text: str, chance: Random) -> str:
        return "".join(
            chr(upper + ord(c) - 65)
            if "A" <= c <= "Z"
            else chr((lower + ord(c) - 97) if lower is not None else upper + ord(c) - 97)
            if "a" <= c <= "z"
            else c
            for c in text
        )

    return change


def _between(what: str) -> Transform:
    """Put something between the letters of words."""

    def change(text: str, chance: Random) -> str:
        return re.sub(r"(?<=[^\W\d_])(?=[^\W\d_])", what, text)

    return change


def _inside(what: str) -> Transform:
    """Put something into the middle of each longer word."""

    def change(text: str, chance: Random) -> str:
        return _WORD.sub(lambda word: word[0][: len(word[0]) // 2] + what + word[0][len(word[0]) // 2 :], text)

    return change


def _homoglyphs(table: dict[int, int]) -> Transform:
    def change(text: str, chance: Random) -> str:
        return "".join(c.translate(table) if chance.random() < 0.7 else c for c in text)

    return change


def _full_width(text: str, chance: Random) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def _combining(text: str, chance: Random) -> str:
    return "".join(c + chance.choice(_MARKS) if c.isalpha() else c for c in text)


def _zalgo(text: str, chance: Random) -> str:
    return "".join(c + "".join(chance.choices(_MARKS, k=6)) if c.isalpha() else c for c in text)


def _tags(text: str, chance: Random) -> str:
    """Invisible tag characters that spell something good."""
    good = "".join(chr(0xE0000 + ord(c)) for c in "thanks")
    return _WORD.sub(lambda word: word[0][:2] + good + word[0][2:], text)


def _leet(text: str, chance: Random) -> str:
    return text.translate(_LEET)


def _small_capitals(text: str, chance: Random) -> str:
    return text.lower().translate(_SMALL)


def _regional(text: str, chance: Random) -> str:
    """Regional indicator letters with a zero-width space between, so that no flags appear."""
    return _WORD.sub(lambda word: "\u200b".join(chr(0x1F1E6 + ord(c) - 97) for c in word[0].lower()), text)


def _spaced(text: str, chance: Random) -> str:
    return _WORD.sub(lambda word: " ".join(word[0]), text)


def _dotted(text: str, chance: Random) -> str:
    return _WORD.sub(lambda word: ".".join(word[0]), text)


def _bidi(text: str, chance: Random) -> str:
    return _WORD.sub(lambda word: f"\u202e{word[0][::-1]}\u202c", text)


def _entities(text: str, chance: Random) -> str:
    return "".join(f"&#{ord(c)};" if c.isalpha() else c for c in text)


def _swapped(text: str, chance: Random) -> str:
    """Two inner letters change places in each longer word."""

    def swap(word: re.Match[str]) -> str:
        at = chance.randrange(1, len(word[0]) - 2)
        letters = list(word[0])
        letters[at], letters[at + 1] = letters[at + 1], letters[at]
        return "".join(letters)

    return _WORD.sub(swap, text)


def _links(text: str, chance: Random) -> str:
    """hxxp and bracketed dots."""
    text = re.sub(r"\bhttp", "hxxp", text)
    return re.sub(r"(?<=\w)\.(?=[a-z]{2,4}\b)", "[.]", text)


def _upper(text: str, chance: Random) -> str:
    return text.upper()


def _decomposed(text: str, chance: Random) -> str:
    return unicodedata.normalize("NFD", text)


TRANSFORMS: dict[str, Transform] = {
    # Letters that look the same.
    "Cyrillic look-alikes": _homoglyphs(_CYRILLIC),
    "Greek look-alikes": _homoglyphs(_GREEK),
    "full-width": _full_width,
    "mathematical bold": _alphabet(0x1D400, 0x1D41A),
    "mathematical script": _alphabet(0x1D4D0, 0x1D4EA),
    "circled": _alphabet(0x24B6, 0x24D0),
    "negative squared": _alphabet(0x1F170),
    "small capitals": _small_capitals,
    "regional indicators": _regional,
    # What is not seen.
    "zero-width space in words": _between("\u200b"),
    "zero-width non-joiner": _inside("\u200c"),
    "soft hyphen": _inside("\u00ad"),
    "tag characters": _tags,
    "combining marks": _combining,
    "zalgo": _zalgo,
    # Another way to write it.
    "leet": _leet,
    "s p a c e d": _spaced,
    "d.o.t.t.e.d": _dotted,
    "bidi, reversed": _bidi,
    "swapped letters": _swapped,
    "hxxp and [.]": _links,
    # Markup.
    "entities": _entities,
    "<b></b> in words": _inside("<b></b>"),
    "<!-- --> in words": _inside("<!-- x -->"),
}


def best_words(ham: list[str], spam: list[str], *, count: int) -> list[str]:
    """The words that speak most for a good comment: what an attacker with the same data would add."""
    seen: list[dict[str, int]] = [{}, {}]
    for label, texts in enumerate((ham, spam)):
        for text in texts:
            for word in set(re.findall(r"[^\W\d_]{3,}", text.lower())):
                seen[label][word] = seen[label].get(word, 0) + 1
    ratio = {word: times / (seen[1].get(word, 0) + 1) for word, times in seen[0].items() if times >= 5}
    return sorted(ratio, key=lambda word: -ratio[word])[:count]


def paddings(ham: list[str], spam: list[str]) -> dict[str, Transform]:
    """Good words around the spam, all from good comments that the filter has learned from."""
    words = [word for text in ham for word in re.findall(r"[^\W\d_]{3,}", text)]
    best = " ".join(best_words(ham, spam, count=30))

    def some(count: int) -> Transform:
        return lambda text, chance: f"{text} {' '.join(chance.choices(words, k=count))}"

    def pasted(text: str, chance: Random) -> str:
        return "\n".join([text, *chance.choices(ham, k=3)])

    def hidden(text: str, chance: Random) -> str:
        return f'{text}<div style="display:none">{" ".join(chance.choices(ham, k=3))}</div>'

    def at_the_end(text: str, chance: Random) -> str:
        return f"{' '.join(chance.choices(words, k=150))} {text}"

    def in_the_middle(text: str, chance: Random) -> str:
        return f"{' '.join(chance.choices(words, k=75))} {text} {' '.join(chance.choices(words, k=75))}"

    def pasted_before(text: str, chance: Random) -> str:
        return "\n".join([*chance.choices(ham, k=3), text])

    def pasted_around(text: str, chance: Random) -> str:
        return "\n".join([*chance.choices(ham, k=2), text, *chance.choices(ham, k=2)])

    return {
        "spam + 30 ham words": some(30),
        "spam + 150 ham words": some(150),
        "150 ham words + spam": at_the_end,
        "75 ham words + spam + 75 ham words": in_the_middle,
        "spam + the best 30 ham words": lambda text, chance: f"{text} {best}",
        "spam + 3 pasted ham comments": pasted,
        "3 pasted ham comments + spam": pasted_before,
        "2 pasted ham comments + spam + 2": pasted_around,
        "spam + 3 hidden ham comments": hidden,
    }
