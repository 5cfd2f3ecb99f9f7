"""fastText's speed at the same texts, in a process of the peers' own environment."""

import json
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from .measures import Truth

# Words and pairs, as the benchmark of quality trains it; asked one by one, as it has no other way.
ASKED = r"""
import json, re, sys, time
import fasttext
def plain(text):
    return " ".join(re.findall(r"\w+|[^\w\s]", text.lower())) or "empty"
options = dict(epoch=25, lr=0.5, wordNgrams=2, dim=50, bucket=200_000, thread=1, verbose=0)
model = fasttext.train_supervised(sys.argv[1], **options)
texts = json.load(open(sys.argv[2]))
best = 0.0
for _ in range(5):
    start = time.process_time()
    for text in texts:
        model.f.predict(plain(text) + "\n", 2, 0.0, "strict")
    best = max(best, len(texts) / (time.process_time() - start))
print(json.dumps(best))
"""


def fasttext_batch(python: Path, train: Sequence[str], spam: Truth, texts: Sequence[str]) -> float:
    """How many of ``texts`` it scores in a second of processor time, splitting them into words among it."""
    with tempfile.TemporaryDirectory(prefix="moderator-benchmark-") as folder:
        learned, asked = Path(folder) / "learned.txt", Path(folder) / "asked.json"
        lines = [f"__label__{int(label)} {' '.join(text.split())}\n" for text, label in zip(train, spam, strict=True)]
        learned.write_text("".join(lines), "utf-8", "replace")
        asked.write_text(json.dumps(list(texts)), "utf-8")
        command = [str(python), "-c", ASKED, str(learned), str(asked)]
        found: float = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
        return found
