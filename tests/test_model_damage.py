"""Damaged models, killed promotions, full disks: what answers is always a whole model that was put in force."""

import itertools
import json
import random
import resource
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from models import COMMENTS, published
from test_classifier import FILES, refused
from test_story import TOP, environment

from moderator.classifier import load
from moderator.model_file import MANIFEST, WEIGHTS
from moderator.reading import read
from moderator.shelf import POINTER, Shelf

FLIPS, SWAPS, KILLS = 1000, 200, 6


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two models."""
    folder = tmp_path_factory.mktemp("two")
    for minute in range(2):
        published(folder, seed=minute + 1, minute=minute)
    return folder


@pytest.fixture
def own(two: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(two, tmp_path / "own"))


def ids(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir() if (entry / MANIFEST).is_file())


def test_a_thousand_flipped_bits_are_all_refused(own: Path) -> None:
    folder, chance = own / ids(own)[0], random.Random(7)
    whole = {name: (folder / name).read_bytes() for name in FILES}
    sizes = [len(content) for content in whole.values()]
    # Half of them where they are, half in the small files, which bits meet seldom.
    names = chance.choices(FILES, sizes, k=FLIPS // 2) + chance.choices(FILES, k=FLIPS // 2)
    for name in names:
        with (folder / name).open("r+b") as file:
            place = chance.randrange(len(whole[name]))
            file.seek(place)
            file.write(bytes([whole[name][place] ^ 1 << chance.randrange(8)]))
            file.flush()
            refused(folder)
            file.seek(place)
            file.write(whole[name][place : place + 1])
    assert load(folder).id == folder.name


def test_a_model_cut_off_at_any_64th_is_refused(own: Path) -> None:
    folder = own / ids(own)[0]
    size = (folder / WEIGHTS).stat().st_size
    for part in range(63, -1, -1):
        with (folder / WEIGHTS).open("r+b") as file:
            file.truncate(size * part // 64)
        refused(folder)


def test_weights_of_another_model_are_refused(own: Path) -> None:
    one, other = ids(own)
    shutil.copy(own / other / WEIGHTS, own / one / WEIGHTS)
    assert WEIGHTS in refused(own / one)


@pytest.mark.parametrize("leads", ["../evil", "/", ".", "", "x/../../evil"])
def test_a_pointer_that_leads_out_of_the_shelf_is_passed_over(leads: str, own: Path, tmp_path: Path) -> None:
    shutil.copytree(own / ids(own)[0], tmp_path / "evil")
    (own / POINTER).write_text(json.dumps({"current": leads}))
    found = Shelf(own, tmp_path / "none").current()
    assert found is not None and found.id in ids(own)


def test_a_full_disk_leaves_no_half_model(tmp_path: Path) -> None:
    """A file may grow to a quarter of the weights and no further."""
    program = (
        "import resource, signal, sys; from pathlib import Path; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        "from models import published; resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, resource.RLIM_INFINITY)); "
        "published(Path(sys.argv[1]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        env=environment() | {"PYTHONPATH": f"{TOP}:{TOP / 'tests'}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode != 0 and "OSError" in done.stderr
    assert [*tmp_path.iterdir()] == [] and resource.RLIMIT_FSIZE is not None


def test_a_promotion_that_is_killed_leaves_the_old_or_the_new(own: Path) -> None:
    program = (
        "import itertools, sys; from pathlib import Path; from moderator.shelf import Shelf; "
        "shelf = Shelf(Path(sys.argv[1])); print('ready', flush=True); "
        "[shelf.promote(sys.argv[2 + turn % 2]) for turn in itertools.count()]"
    )
    one, other = ids(own)
    Shelf(own).promote(one)
    chance = random.Random(3)
    for _ in range(KILLS):
        promoting = subprocess.Popen(
            [sys.executable, "-c", program, str(own), one, other],
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert promoting.stdout is not None
        promoting.stdout.readline()
        time.sleep(chance.uniform(0.02, 0.1))
        promoting.kill()
        promoting.communicate()
        assert json.loads((own / POINTER).read_text())["current"] in (one, other)
        found = Shelf(own).current()
        assert found is not None and found.id in (one, other)


def test_two_hundred_swaps_under_load_give_no_wrong_answer(own: Path, tmp_path: Path) -> None:
    readings = [read(comment) for comment in COMMENTS[:2]]
    right = {id: [load(own / id).score(reading) for reading in readings] for id in ids(own)}
    shelf = Shelf(own, tmp_path / "none", monotonic=itertools.count().__next__)  # every question looks anew
    shelf.promote(ids(own)[0])
    stop, wrong, answered = threading.Event(), [], [0]

    def ask() -> None:
        while not stop.is_set():
            model = shelf.current()
            if model is None or [model.score(reading) for reading in readings] != right[model.id]:
                wrong.append(model and model.id)
            answered[0] += 1

    reader = threading.Thread(target=ask)
    reader.start()
    for turn in range(SWAPS):
        shelf.promote(ids(own)[turn % 2])
    stop.set()
    reader.join()
    assert wrong == [] and answered[0] > SWAPS
