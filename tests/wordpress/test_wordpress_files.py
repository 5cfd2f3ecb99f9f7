"""The PHP files themselves: their syntax, their style, their texts."""

import re
import shutil
import subprocess

import pytest
from wordpress_blog import OURS, need_programs

FILES = sorted(OURS.rglob("*.php"))
TRANSLATED = re.compile(r"""(?:\b|_)(?:__|_e|_n)\( '((?:[^'\\]|\\.)*)'(?:, '((?:[^'\\]|\\.)*)')?""")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_file_is_php_that_does_nothing_when_it_is_called_by_itself(file: object) -> None:
    need_programs("php")
    linted = subprocess.run(["php", "-l", str(file)], capture_output=True, text=True, check=False)
    assert linted.returncode == 0, linted.stdout
    called = subprocess.run(["php", str(file)], capture_output=True, text=True, check=False)
    assert (called.returncode, called.stdout, called.stderr) == (0, "", "")


def test_they_are_written_as_wordpress_wants_it() -> None:
    need_programs("phpcs")
    checked = subprocess.run(["phpcs", f"--standard={OURS / 'phpcs.xml'}"], cwd=OURS, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout


def test_every_text_can_be_translated() -> None:
    template = (OURS / "moderator" / "languages" / "moderator.pot").read_text()
    known = re.sub(r'"\n"', "", template)
    texts = {text for file in FILES for found in TRANSLATED.findall(file.read_text()) for text in found}
    missing = {text for text in texts - {"moderator", ""} if f'"{text}"' not in known.replace('\\"', '"')}
    assert not missing, "make the template anew with xgettext (docs/integrations/wordpress.md)"
    if shutil.which("msgfmt"):
        path = OURS / "moderator" / "languages" / "moderator.pot"
        subprocess.run(["msgfmt", "--check-format", "-o", "/dev/null", str(path)], check=True)
