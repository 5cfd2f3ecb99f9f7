"""Letter games are undone and counted; honest writing is left alone."""

import sys
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from moderator import unicode
from moderator.comment import UNSTORABLE
from moderator.unicode import NONE, Disguises, canonical

PLAIN = "Buy cheap viagra online"


def spread(between: str) -> str:
    """``between`` put after every letter of a word but its last."""
    return " ".join(between.join(word) for word in PLAIN.split())


def alphabet(upper: int, lower: int) -> str:
    """PLAIN in an alphabet whose capitals and small letters begin at these code points."""
    return "".join(
        chr(lower + ord(c) - 97) if c.islower() else chr(upper + ord(c) - 65) if c.isupper() else c for c in PLAIN
    )


def replaced(**letters: str) -> str:
    """PLAIN with some letters replaced."""
    return PLAIN.translate({ord(letter): other for letter, other in letters.items()})


# What it shows, what was sent, the field of Disguises that tells of it.
TRICKS = {
    "zero-width spaces": (spread("\u200b"), "invisible"),
    "zero-width joiners": (spread("\u200d"), "invisible"),
    "zero-width non-joiners": (spread("\u200c"), "invisible"),
    "word joiners": (spread("\u2060"), "invisible"),
    "byte order marks": (spread("\ufeff"), "invisible"),
    "soft hyphens": (spread("\u00ad"), "invisible"),
    "invisible times": (spread("\u2062"), "invisible"),
    "variation selectors": (spread("\ufe00"), "invisible"),
    "Mongolian vowel separators": (spread("\u180e"), "invisible"),
    "combining grapheme joiners": (spread("\u034f"), "invisible"),
    "tag characters": (spread("\U000e0041"), "invisible"),
    "supplementary variation selectors": (spread("\U000e0101"), "invisible"),
    "marks of direction": (spread("\u200e"), "invisible"),
    "Arabic strokes": (spread("\u0640"), "invisible"),
    "Hangul fillers for blanks": (PLAIN.replace(" ", "\u3164"), "invisible"),
    "a right-to-left override": (f"\u202e{PLAIN[::-1]}\u202c", "overrides"),
    "an override that is not closed": (f"\u202e{PLAIN[::-1]}", "overrides"),
    "an override inside": (f"Buy \u202e{'cheap'[::-1]}\u202c viagra online", "overrides"),
    "Cyrillic look-alikes": (replaced(e="е", a="а", p="р", o="о", c="с"), "lookalikes"),
    "Cyrillic capitals": (PLAIN.replace("B", "В"), "lookalikes"),
    "Greek look-alikes": (replaced(o="ο", a="α", i="ι", n="η"), "lookalikes"),
    "Cherokee letters": (replaced(e="ꭼ", a="ꭺ", i="ꭵ").replace("ꭵ", "i"), "lookalikes"),
    "mathematical bold": (alphabet(0x1D400, 0x1D41A), "ornaments"),
    "mathematical bold script": (alphabet(0x1D4D0, 0x1D4EA), "ornaments"),
    "mathematical sans-serif": (alphabet(0x1D5A0, 0x1D5BA), "ornaments"),
    "mathematical monospace": (alphabet(0x1D670, 0x1D68A), "ornaments"),
    "circled letters": (alphabet(0x24B6, 0x24D0), "ornaments"),
    "full-width letters": (alphabet(0xFF21, 0xFF41), "ornaments"),
    "letters in parentheses": (alphabet(0x1F110, 0x249C), "ornaments"),
    "squared letters": (alphabet(0x1F130, 0x1F130), "ornaments"),
    "negative squared letters": (alphabet(0x1F170, 0x1F170), "ornaments"),
    "negative circled letters": (alphabet(0x1F150, 0x1F150), "ornaments"),
    "regional indicators": (alphabet(0x1F1E6, 0x1F1E6), "ornaments"),
    "small capitals": ("ʙᴜʏ ᴄʜᴇᴀᴘ ᴠɪᴀɢʀᴀ ᴏɴʟɪɴᴇ", "ornaments"),
    "a stroke through every letter": (spread("\u0336") + "\u0336", "marks"),
    "squares around the letters": (spread("\u20de") + "\u20de", "marks"),
    "piles of marks": (spread("\u0301\u0323\u0334\u0316\u0308") + "\u0301\u0323\u0334\u0316", "marks"),
    "very high piles of marks": (spread("\u0310" * 300), "marks"),
    "spaced letters": ("Buy c.h.e.a.p v-i-a-g-r-a o n l i n e", "spaced"),
    "letters with strokes between": ("Buy c_h_e_a_p v*i*a*g*r*a o/n/l/i/n/e", "spaced"),
}


@pytest.mark.parametrize("name", TRICKS)
def test_a_disguise_is_undone_and_counted(name: str) -> None:
    sent, field = TRICKS[name]
    text, disguises = canonical(sent)
    # Case may be lost in alphabets that have none; features fold it.
    assert text.lower() == PLAIN.lower()
    assert getattr(disguises, field) > 0


def test_upside_down_letters_are_letters() -> None:
    assert canonical("ɐɹƃɐᴉʌ ʎnq")[0] == "buy viagra"


# What it shows: what was sent, and how it reads after NFKC alone where that is something else.
HONEST = {
    "Russian": "Спасибо, у меня тоже заработало. А ещё есть «Сон в летнюю ночь» и подъезд №7",
    "Russian with English names": "Я использую PostgreSQL и Python 3.12 на Windows, всё в порядке",
    "Russian words of look-alikes alone": "Хор, рост, сон, нос, кот, тост, Море, СССР",
    "Ukrainian": "Дякую! У мене на Windows 11 теж працює, її ґанок і в'юни",
    "Bulgarian": "Много полезна статия, благодаря",
    "Serbian": "Љубав и џез, ђак и ћевап, научник",
    "Greek": "Ευχαριστώ, το δεύτερο παράδειγμα δουλεύει με το Netflix",
    "Greek in old spelling": "ἐν ἀρχῇ ἦν ὁ λόγος",
    "Arabic": "شكرا جزيلا على المقال الرائع",
    "Arabic with vowels": "قِفَا نَبْكِ مِنْ ذِكْرَىٰ",
    "Hebrew": "תודה! הדוגמה עם flask run עבדה לי",
    "Hebrew with points": "בְּרֵאשִׁית בָּרָא אֱלֹהִים",
    "Hindi": "क्या आप अगला भाग लिखेंगे? धन्यवाद",
    "Thai": "ขอบคุณมากครับ บทความนี้ดีมาก",
    "Tamil": "மிக்க நன்றி, நல்ல கட்டுரை",
    "Armenian": "Շատ շնորհակալություն հոդվածի համար",
    "Georgian": "დიდი მადლობა სტატიისთვის",
    "Korean": "좋은 글 감사합니다",
    "Japanese": "とても参考になりました。ありがとうございます！".replace("！", "!"),
    "Chinese": "感谢分享, the WAL part 很清楚。",
    "Vietnamese": "Cảm ơn bài viết rất hữu ích, tôi đã thử và chạy tốt",
    "Turkish": "İyi günler, ışık çok güzel",
    "German": "Danke, die Lösung mit „BEGIN IMMEDIATE“ geht – größer geht’s nicht",
    "Akan": "Medaase, ɛyɛ asɛm pa. Wɔfrɛ me Kɔfi",
    "Cherokee": "ᎣᏏᏲ ᏣᎳᎩ ᎦᏬᏂᎯᏍᏗ",
    "flags": "Greetings from 🇩🇪 and 🇫🇷🇮🇹!",
    "emoji": "Great 👍🏽 stuff 🔥🔥",
    "code": "if a[i] < b[j] && c != d: x = f(a, b) -> List<int>",
    "a table of letters": "A B C D are the four answers; U.S.A. and e.g. stay",
    "mathematics": "∀x ∈ ℕ: x ≤ y ⇒ α·x ≤ β·y, Δt → 0",
    "currency": "£5, €7 and ₹9",
}


@pytest.mark.parametrize("name", HONEST)
def test_honest_writing_is_left_as_it_is(name: str) -> None:
    honest = HONEST[name]
    assert canonical(honest) == (unicodedata.normalize("NFKC", honest), NONE)


# What it shows: what was sent, and what becomes of it though nobody is told of a disguise.
TIDIED = {
    "Vietnamese in NFD": (unicodedata.normalize("NFD", "Cảm ơn bài viết rất hữu ích"), "Cảm ơn bài viết rất hữu ích"),
    "a Persian non-joiner": ("می\u200cخواهم این را امتحان کنم", "میخواهم این را امتحان کنم"),
    "a Hindi joiner": ("क्\u200dया", "क्या"),
    "Japanese with full-width Latin": ("ＰｙｔｈｏｎとＳＱＬｉｔｅで動きました", "PythonとSQLiteで動きました"),
    "half-width kana": ("ｱﾘｶﾞﾄｳ", "アリガトウ"),
    "a family": ("👨\u200d👩\u200d👧", "👨👩👧"),
    "a heart": ("❤\ufe0f", "❤"),
    "a keycap": ("1\ufe0f\u20e3 first", "1 first"),
    "mathematical italics": ("if 𝑥 = 2, then 𝑑𝑥 = 0", "if x = 2, then dx = 0"),
    "a ligature": ("ﬁne", "fine"),
    "a blessing in one character": ("ﷺ", "صلى "),
    "a trade mark": ("Foo™", "FooTM"),
    "marks of direction around a name": ("\u200fאחד\u200e two", "אחד two"),
}


@pytest.mark.parametrize("name", TIDIED)
def test_what_honest_keyboards_write_in_many_ways_becomes_one_and_is_no_disguise(name: str) -> None:
    sent, tidy = TIDIED[name]
    assert canonical(sent) == (tidy, NONE)


def test_controls_are_taken_out_but_lines_and_tabs_stay() -> None:
    assert canonical("a\x00b\x1b[31mc\x7f\td\ne\r") == ("ab[31mc\td\ne\r", NONE)
    assert canonical("é\x00\x85\x1b") == ("é\ufffd", NONE)


def test_a_lone_surrogate_becomes_the_replacement_character() -> None:
    assert canonical("a\ud800b") == ("a\ufffdb", NONE)


# Characters that meet in tricks, so that Hypothesis finds combinations of them within its few hundred tries.
PIECES = st.sampled_from(
    "аеіорсух ав.-_*|/~\u200b\u200d\u00ad\u202e\u202d\u202c\u0301\u0338\u0489\u20e3\ufe0f𝓪ⓐ🅐🇦🇧ａＡ①ﷺ½ﬁ²µ\ud800\x00\x1b\n\t&;#e"  # noqa: E501
    "\u0345ᾳΌςβγ.dot com://Ᏼꭼℓ\u1160\u3164ǅ\u0130İß\U000e0041ᴀʙɐɔǝ\u0e33\u0f77\u0344가각ᄀ\u2126\u212a9 0"
)
ANYTHING = st.text(st.one_of(st.characters(exclude_categories=()), PIECES), max_size=60)


@given(ANYTHING)
@settings(max_examples=1500, deadline=None)
def test_the_canonical_form_of_a_canonical_form_is_itself_and_short(text: str) -> None:
    once, _ = canonical(text)
    assert canonical(once) == (once, NONE)
    assert len(once) <= 4 * len(text)


@given(ANYTHING)
@settings(max_examples=500, deadline=None)
def test_the_canonical_form_has_nothing_that_cannot_be_stored_or_seen(text: str) -> None:
    once, counted = canonical(text)
    once.encode()  # no surrogate
    assert not {"\u200b", "\u202e", "\u2060", "\ufeff", "\x00"}.intersection(once)
    assert unicodedata.is_normalized("NFKC", once) or "\ufffd" in once
    assert all(number >= 0 for number in counted) and isinstance(counted, Disguises)


@given(st.text(st.characters(exclude_categories=["Cs"], max_codepoint=0x24F), max_size=60))
@settings(max_examples=300, deadline=None)
@example("ÀÀÀÀÀÀÀÀǫ")
def test_composed_and_decomposed_text_are_one(text: str) -> None:
    apart = unicodedata.normalize("NFD", text)
    assert canonical(unicodedata.normalize("NFC", text))[0] == canonical(apart)[0]


EVERY = "".join(map(chr, range(sys.maxunicode + 1)))


def test_what_a_step_may_act_on_is_seen_as_odd_before_it_is_left_out() -> None:
    odd = set(unicode.ODD.findall(EVERY))
    for pattern in (
        UNSTORABLE, unicode.INVISIBLE, unicode.OVERRIDE, unicode.CONTROLS, unicode.COMBINING, unicode.NOT_PLAIN,
        unicode.TURNED_LETTER, unicode.REGIONAL, unicode.LONG_FORM, unicode.WIDE,
    ):  # fmt: skip
        assert set("".join(pattern.findall(EVERY))) <= odd, pattern.pattern[:40]
    assert {character for character in EVERY if unicodedata.combining(character)} <= set(
        unicode.COMBINING.findall(EVERY)
    )
    assert set(map(chr, unicode.ORNAMENT)) <= set(unicode.NOT_PLAIN.findall(EVERY))


@given(st.text(st.sampled_from("aеАЕbЖ я1_ƖᎪ-é")))
def test_where_no_seam_is_seen_no_word_is_of_two_scripts(text: str) -> None:
    if not unicode.SEAM.search(text):
        assert unicode.MIXED_TOKEN.sub(unicode.fold_word, text) == text
