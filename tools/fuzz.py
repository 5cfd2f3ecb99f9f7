"""Breaks hostile cases further and throws them at all that strangers can reach; nothing may raise, and no door say 5xx.

    make fuzz                      an hour
    make fuzz SECONDS=60           a minute, as on CI
    python tools/fuzz.py --requests 100000

Seeded from tests/cases, so each bug report that becomes a file is a seed. A failure is written to build/fuzz and told
with the number by which ``--seed`` brings it back.
"""

import hashlib
import hmac
import itertools
import json
import random
import sys
import tempfile
import time
import tomllib
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import click
from flask import Flask

from moderator import settings as all_settings
from moderator.app import create_app
from moderator.comment import Author, Comment, Post
from moderator.features import rows
from moderator.layout import lay_out
from moderator.reading import read
from moderator.settings import secret
from moderator.shelf import Shelf
from moderator.signals import measure
from moderator.store import Purpose, Store
from moderator.training import corpus

TOP = Path(__file__).resolve().parents[1]
CASES = TOP / "tests" / "cases"
FAILED = TOP / "build" / "fuzz"
CORAL = "a secret of Coral's"
SLOW = 0.5  # seconds of processor time for one input; three times what is promised, as this runs beside others
MOST = 40_000  # characters of an input; over the limit of reading.py, so that both sides of it are met
# What parsers and codecs stumble over, put in here and there.
BITS = (
    *"< > </ <!-- --> <![ ]]> <b & &# &#x ; % %2 \\u \\ \" ' { } [ ] ( ) :// www. .com @ NaN null".split(" "),
    *("<a href=", " dot ", "\x00", "\ud800", "\udfff", "\u202e", "\u200d", "\u0301", "\u0316", "\ufdfa"),
    *("\U000e0041", "\U0001f1e6", "ﬀ", "İ", "ß", "\u2028", "9" * 5000, " " * 500, "a" * 600, "\u0301\u0316" * 900),
)  # fmt: skip

Target = Callable[[random.Random, str], str]


def seeds() -> list[str]:
    """The texts of all cases."""
    found = []
    for path in sorted(CASES.glob("*/*.toml")):
        for case in tomllib.loads(path.read_text("utf-8")).get("case", ()):
            for name in ("body", "json", "latin1"):
                parts = case.get(name)
                if parts is not None:
                    parts = [parts] if isinstance(parts, str) else parts
                    found.append("".join(part if isinstance(part, str) else part[0] * part[1] for part in parts)[:MOST])
    return found


def broken(chance: random.Random, texts: list[str]) -> str:
    """A seed after a few blows: pieces cut, doubled, repeated, exchanged, mixed with another's, and bits put in."""
    text = chance.choice(texts)
    for _ in range(chance.randrange(1, 7)):
        start = chance.randrange(len(text) + 1)
        end = min(len(text), start + chance.choice((1, 1, 3, 10, 200)))
        blow = chance.randrange(6)
        if blow == 0:
            text = text[:start] + text[end:]
        elif blow == 1:
            text = text[:start] + text[start:end] * chance.choice((2, 3, 40, 3000)) + text[end:]
        elif blow == 2:
            text = text[:start] + chance.choice(BITS) * chance.choice((1, 1, 2, 50)) + text[end:]
        elif blow == 3:
            other = chance.choice(texts)
            cut = chance.randrange(len(other) + 1)
            text = text[:start] + other[cut : cut + 300] + text[start:]
        elif blow == 4:
            text = text[:start] + "".join(chr(chance.choice((chance.randrange(128), chance.randrange(0x11_0000))))
                                          for _ in range(chance.randrange(12))) + text[end:]  # fmt: skip
        else:
            text = text[start:] + text[:start]
        text = text[:MOST]
    return text


# The targets. Each takes an input and says what came of it, in a word that is counted.


def reads(chance: random.Random, text: str) -> str:
    """Reading, signals and features, of a comment that has it in each field."""
    reading = read(Comment(text, author=Author(text[:200], text[-100:], text[:2000]), post=Post(title=text)))
    assert all(0.0 <= number <= 1.0 for number in measure(reading))
    rows([lay_out(reading)]).counts()
    assert isinstance(reading.disguises_letters, bool) and isinstance(reading.is_blob, bool)
    reading.text.encode()
    return "read"


class Doors:
    """An installation with all doors open."""

    def __init__(self, folder: Path) -> None:
        settings = all_settings.load({"data": folder, "site_rate": 0, "wrong_key_rate": 0}, environment={})
        Store.upgrade(settings.database_url)
        self.store = Store.open(settings.database_url, clock=lambda: datetime.now(UTC))
        site, self.key = self.store.add_site("blog")
        self.store.secrets.add(site.id, Purpose.CORAL, CORAL)
        self.akismet_key = self.store.akismet_keys.add(site.id, pepper=secret(folder))
        self.blogspam_key = f"bs_{site.id}_" + "k" * 43
        digest = hashlib.sha256(self.blogspam_key.encode()).hexdigest()
        self.store.set_doors(site.id, replace(site.doors, blogspam_digest=digest))
        shelf = Shelf(folder / "model")
        self.app: Flask = create_app(settings, store=self.store, shelf=shelf, clock=lambda: datetime.now(UTC))
        self.numbers = itertools.count()

    def ask(self, path: str, **more: Any) -> str:
        """Post it; the status. Whatever it is, our fault it may not be."""
        answer = self.app.test_client().post(path, **more)
        assert answer.status_code < 500, f"{path}: {answer.status_code} {answer.text[:200]}"
        assert "Traceback" not in answer.text
        return str(answer.status_code)

    def native(self, chance: random.Random, text: str) -> str:
        """As a body, as it is; or as a comment's fields."""
        auth = {"Authorization": f"Bearer {self.key}"}
        if chance.random() < 0.3:
            raw = text.encode("utf-8", "surrogatepass")
            return self.ask("/v1/comments", data=raw, headers={**auth, "Content-Type": "application/json"})
        sent = {"id": str(next(self.numbers)), "body": text, "author": {"name": text[:100], "url": text[-200:]}}
        return self.ask("/v1/comments", json=sent, headers=auth)

    def batch(self, chance: random.Random, text: str) -> str:
        """Lines of JSON, some of which are none."""
        lines = [json.dumps({"id": str(next(self.numbers)), "body": piece or "x"}) for piece in text.split("\n")[:5]]
        lines.insert(chance.randrange(len(lines) + 1), text)
        raw = "\n".join(lines).encode("utf-8", "surrogatepass")
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/x-ndjson"}
        return self.ask("/v1/comments/batch", data=raw, headers=headers)

    def akismet(self, chance: random.Random, text: str) -> str:
        """A form, encoded as it should be or not at all."""
        fields = {
            "api_key": self.akismet_key,
            "user_ip": "192.0.2.1",
            "comment_content": text,
            "comment_author": text[:99],
        }
        raw = urlencode(fields, errors="surrogatepass")
        if chance.random() < 0.3:
            raw = f"api_key={self.akismet_key}&{text}"
        kind = chance.choice(("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", text[:40]))
        kind = "".join(character for character in kind if " " <= character <= "~")
        path = chance.choice(("comment-check", "submit-spam", "submit-ham"))
        return self.ask(f"/1.1/{path}", data=raw.encode("utf-8", "surrogatepass"), content_type=kind)

    def blogspam(self, chance: random.Random, text: str) -> str:
        """Its JSON."""
        raw = text if chance.random() < 0.3 else json.dumps({"comment": text, "ip": "192.0.2.1", "options": text[:80]})
        path = chance.choice(("", "classify/"))
        return self.ask(f"/blogspam/{self.blogspam_key}/{path}", data=raw.encode("utf-8", "surrogatepass"))

    def coral(self, chance: random.Random, text: str) -> str:
        """Signed, whatever it is; what is signed is answered with 200 or 204."""
        told = {"comment": {"body": text}, "author": {"id": text[:50]}, "story": {"url": text[-100:]}}
        raw = (text if chance.random() < 0.3 else json.dumps(told)).encode("utf-8", "surrogatepass")
        signature = "sha256=" + hmac.new(CORAL.encode(), raw, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "X-Coral-Signature": signature}
        status = self.ask("/coral/blog", data=raw, headers=headers)
        assert status in ("200", "204"), status
        return status

    def pages(self, chance: random.Random, text: str) -> str:
        """Addresses and forms of people who are not logged in."""
        text = text.encode("utf-8", "replace").decode()  # the test client encodes it itself
        address = "/?" + urlencode({"q": text[:2000]})
        browser = self.app.test_client()
        statuses = [
            browser.get(address).status_code,
            browser.get("/login", query_string={"next": text[:500]}).status_code,
        ]
        form = {"login": text[:400], "password": text[:50], "token": text[:80]}
        statuses.append(browser.post("/login", data=form).status_code)
        assert all(status < 500 for status in statuses), statuses
        return str(statuses[-1])


def reads_corpus(folder: Path) -> Target:
    """Readers of exports: they read, or say in one sentence what is wrong."""
    exports = sorted((CASES / "exports").iterdir())

    def target(chance: random.Random, text: str) -> str:
        export = chance.choice(exports)
        whole = export.read_bytes()
        start = chance.randrange(len(whole) + 1)
        put_in = text[: chance.choice((0, 3, 50, 2000))].encode("utf-8", "surrogatepass")
        path = folder / f"export{export.suffix}"
        path.write_bytes(whole[:start] + put_in + whole[start + chance.choice((0, 0, 5, 500)) :])
        try:
            return f"{min(len(corpus.from_file(path, keep_good_rows=True)[0]), 9)} rows"
        except corpus.CorpusError as error:
            return "refused" if len(str(error)) < 5000 else "refused at length"

    return target


def run(seconds: float, requests: int, seed: int) -> Iterator[tuple[str, str, float]]:
    """Target, what came of it, and how long it took, for each input; raises at the first that fails."""
    texts = seeds()
    with tempfile.TemporaryDirectory(prefix="moderator-fuzz-") as folder:
        doors = Doors(Path(folder))
        # Reading first and often: it is where strangers' texts are looked at most closely.
        targets: dict[str, Target] = {
            "reading": reads, "native": doors.native, "reading again": reads, "akismet": doors.akismet,
            "batch": doors.batch, "blogspam": doors.blogspam, "coral": doors.coral, "pages": doors.pages,
            "exports": reads_corpus(Path(folder)),
        }  # fmt: skip
        if requests:  # then doors alone count
            targets = {name: targets[name] for name in ("native", "akismet", "batch", "blogspam", "coral")}
        until = time.monotonic() + seconds
        for number in itertools.count(seed):
            name = [*targets][number % len(targets)]
            text = broken(random.Random(number), texts)
            try:
                came, took = timed(targets[name], number, texts)
                if took >= SLOW and name != "exports":
                    # A collection of garbage may have fallen on it: after 16,000 others 52 ms became 508.
                    took = timed(targets[name], number, texts)[1]
                    assert took < SLOW, f"{took * 1000:.0f} ms"
            except Exception as error:
                raise Failed(name, number, text) from error
            yield name, came, took
            if (requests and number - seed + 1 >= requests) or (not requests and time.monotonic() > until):
                break
        doors.store.close()


def timed(target: Target, number: int, texts: list[str]) -> tuple[str, float]:
    """What comes of the input with this number, and the processor time that it takes."""
    chance = random.Random(number)
    text = broken(chance, texts)
    began = time.thread_time()
    came = target(chance, text)
    return came, time.thread_time() - began


class Failed(Exception):
    """An input that something cannot bear."""

    def __init__(self, target: str, seed: int, text: str) -> None:
        super().__init__(f"{target} cannot bear an input")
        self.target, self.seed, self.text = target, seed, text


@click.command()
@click.option("--seconds", default=3600.0, show_default=True, help="For how long.")
@click.option("--requests", default=0, help="So many requests at the doors instead.")
@click.option("--seed", type=int, help="The number of the first input.  [default: of the clock]")
def main(seconds: float, requests: int, seed: int | None) -> None:
    """Fuzz for a while; exit status 1 at the first failure."""
    came, slowest, began = Counter[tuple[str, str]](), Counter[str](), time.monotonic()
    try:
        for name, what, took in run(seconds, requests, int(time.time()) if seed is None else seed):
            came[name, what] += 1
            slowest[name] = max(slowest[name], int(took * 1000))
    except Failed as failed:
        FAILED.mkdir(parents=True, exist_ok=True)
        path = FAILED / f"{failed.target}-{failed.seed}.txt"
        path.write_bytes(failed.text.encode("utf-8", "surrogatepass"))
        traceback.print_exception(failed)
        sys.exit(f"{failed.target}: failed at --seed {failed.seed}; the input is in {path}")
    for name in slowest:
        kinds = ", ".join(f"{what}: {number:,}" for (of, what), number in sorted(came.items()) if of == name)
        print(f"{name:14} slowest {slowest[name]:4} ms   {kinds}")
    print(
        f"{sum(came.values()):,} inputs in {time.monotonic() - began:.0f} s, none of which raised, hung or gave a 5xx"
    )


if __name__ == "__main__":
    main()
