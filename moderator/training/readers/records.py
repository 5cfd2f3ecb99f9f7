"""XML, read in a stream: one small tree for each element that is wanted, and nothing kept of the rest.

Straight on expat. A document type is refused before anything of it is used: entity bombs, external entities and
parameter entities all begin there, and no blog's export has one. Bytes that XML forbids (control characters, which
WordPress exports as they are) become U+FFFD, so that one old comment does not end the file.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO
from xml.parsers import expat

from moderator.training.readers.rows import MOST_LINE, UNDECODED, CorpusError

CHUNK = 65_536
MOST_DEPTH = 200  # elements within one another; exports have six
DECLARED = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z][\w.:-]{0,40})["']""")
BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark is the beginning of this one
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
LOST = re.compile("[\ud800-\udfff]")


class XmlBroken(Exception):
    """XML that cannot be read further, and from which line on."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(problem)
        self.line = line
        self.problem = problem


@dataclass(slots=True)
class Element:
    """An element with its texts; ``name`` is ``wp:…`` for WordPress's own, bare for those without a namespace."""

    name: str
    parent: str
    line: int
    attributes: dict[str, str]
    children: "list[Element]" = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)
    too_long: bool = False

    def text(self, *names: str) -> str:
        """The text of this element, or of the first child of that name, of its first child …"""
        found: Element | None = self
        for name in names:
            found = found.child(name) if found else None
        return "".join(found.pieces) if found else ""

    def child(self, name: str) -> "Element | None":
        """The first child of that name."""
        return next((child for child in self.children if child.name == name), None)


def encoding_of(head: bytes) -> str:
    """The encoding that a file's first bytes tell; UTF-8 where they tell none. Raises CorpusError."""
    for mark, encoding in BOMS:
        if head.startswith(mark):
            return encoding
    declared = DECLARED.match(head)
    name = declared[1].decode("ascii") if declared else "utf-8"
    try:
        known = "<?xml".encode(name) == b"<?xml"  # a declaration in ASCII can't speak of another kind
    except (LookupError, UnicodeError):
        known = False
    if not known:
        raise CorpusError(f"its encoding {name!r} is not known; convert the file to UTF-8 (for instance with iconv)")
    return name


class _Collector:
    """The handlers of expat, and what they gathered."""

    def __init__(self, wanted: frozenset[tuple[str, str]]) -> None:
        self.parser = expat.ParserCreate("utf-8", " ")
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.done: list[Element] = []
        self._wanted = wanted
        self._path: list[str] = [""]
        self._open: list[Element] = []
        self._length = 0

    def _doctype(self, *_: object) -> None:
        raise CorpusError(
            "has a document type (<!DOCTYPE …>), which no export needs and which can hide entity bombs; "
            "export it anew, or take that part out"
        )

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = _name(tag)
        if len(self._path) > MOST_DEPTH:
            raise XmlBroken(self.parser.CurrentLineNumber, f"has elements nested deeper than {MOST_DEPTH}")
        if self._open or (self._path[-1], name) in self._wanted:
            if not self._open:
                self._length = 0
            local = {key.rpartition(" ")[2]: value for key, value in attributes.items()}
            element = Element(name, self._path[-1], self.parser.CurrentLineNumber, local)
            if self._open:
                self._open[-1].children.append(element)
            self._open.append(element)
        self._path.append(name)

    def _end(self, _tag: str) -> None:
        self._path.pop()
        if self._open:
            element = self._open.pop()
            if not self._open:
                self.done.append(element)

    def _text(self, text: str) -> None:
        if self._open:
            self._length += len(text)
            if self._length > MOST_LINE:
                self._open[0].too_long = True
            else:
                self._open[-1].pieces.append(text)


def _name(tag: str) -> str:
    space, _, local = tag.rpartition(" ")
    if space in ("", "http://disqus.com"):
        return local
    return f"wp:{local}" if space.startswith("http://wordpress.org/export/") else f"{space} {local}"


def records(stream: BinaryIO, wanted: frozenset[tuple[str, str]]) -> Iterator[Element]:
    """Each element whose (parent's name, own name) is wanted, when it ends.

    Raises CorpusError for what is refused, XmlBroken where the file is no XML or breaks off.
    """
    head = stream.read(CHUNK)
    decoder = codecs.getincrementaldecoder(encoding_of(head))("surrogateescape")
    collector = _Collector(wanted)
    parser, chunk, first = collector.parser, head, True
    while True:
        broken = ""
        try:
            text = decoder.decode(chunk, final=not chunk)
            if first and text:
                text, first = text.removeprefix("\ufeff"), False
            text = LOST.sub(UNDECODED, FORBIDDEN.sub("\ufffd", text))
            parser.Parse(text.encode(), not chunk)
        except (EOFError, UnicodeError) as error:
            broken = f"cannot be read further ({error})"
        except expat.ExpatError as error:
            cut = error.code == expat.errors.codes[expat.errors.XML_ERROR_NO_ELEMENTS] or not chunk
            why = "the file is cut off" if cut else expat.errors.messages.get(error.code, "no XML")
            broken = f"the XML breaks here ({why})"
        yield from collector.done
        collector.done.clear()
        if broken:
            raise XmlBroken(parser.CurrentLineNumber, broken)
        if not chunk:
            return
        try:
            chunk = stream.read(CHUNK)
        except EOFError:
            raise XmlBroken(parser.CurrentLineNumber, "the gzip file is cut off") from None
