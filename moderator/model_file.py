"""A model's files: read, checked to the last bit, and never executed.

A folder holds the weights as an array and all else as JSON; the manifest keeps the SHA-256 of each file and of itself.
The array is mapped; a Classifier copies it once, as some spaces share weights: 4 MB a process. What is read here is not
asked anything yet: classifier.load does that.
"""

import hashlib
import json
import math
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from moderator.policy import Thresholds
from moderator.signals import SIGNALS
from moderator.spaces import OWN_WEIGHTS, SPACES

FORMAT = 1
MANIFEST, MODEL, WEIGHTS, PROBES = "manifest.json", "model.json", "weights.npy", "probes.json"


class ModelError(Exception):
    """A model folder that cannot be used, with the cure."""


class ModelFile(NamedTuple):
    """What a folder holds: numbers that fit this code, and probes (comments and the answers to them) not yet asked."""

    id: str
    weights: NDArray[np.float32]
    bias: float
    signal_weights: list[float]
    signal_means: list[float]
    thresholds: Thresholds
    probes: list[dict[str, Any]]


# What reading a damaged folder may raise, beside ModelError.
BROKEN = (OSError, ValueError, KeyError, TypeError, IndexError, EOFError, AttributeError, RecursionError)


def read(folder: Path) -> ModelFile:
    """The model in ``folder``: digests, features, shapes and finite numbers are as they should be.

    Raises ModelError for what is edited or was made by other code, and FileNotFoundError or one of BROKEN for what is
    missing or damaged; :func:`refusal` says those in words.
    """
    manifest = _json(folder / MANIFEST)
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise ModelError(f"{folder}: was made for another version of moderator; train again")
    described = dict(manifest["files"])
    for name in (MODEL, WEIGHTS, PROBES):
        if digest(folder / name) != described.get(name):
            raise ModelError(f"{folder}: {name} is not what was written; restore it or train again")
    # The manifest vouches for the files, and its own last line for itself.
    if manifest["self"] != self_digest(manifest):
        raise ModelError(f"{folder}: {MANIFEST} is not what was written; restore it or train again")
    probes = _json(folder / PROBES)
    if not probes:
        raise ModelError(f"{folder}: {PROBES} is empty; train again")
    return _checked(folder, str(manifest["id"]), _json(folder / MODEL), probes)


def refusal(folder: Path, broken: Exception) -> ModelError:
    """The error for a folder that could not be read, with the cure."""
    if isinstance(broken, FileNotFoundError):
        return ModelError(f"no model in {folder}: {Path(str(broken.filename)).name} is missing; run: moderator train")
    return ModelError(f"{folder}: cannot be read ({type(broken).__name__}); restore it or train again")


def _checked(folder: Path, id: str, model: dict[str, Any], probes: list[dict[str, Any]]) -> ModelFile:
    if model["signals"] != [signal.__name__ for signal in SIGNALS] or model["spaces"] != [
        list(space[:2]) for space in SPACES
    ]:
        raise ModelError(f"{folder}: was made with other features than this code has; train again")
    weights = np.lib.format.open_memmap(folder / WEIGHTS, mode="r")  # knows no pickles and no archives
    if weights.shape != (OWN_WEIGHTS,) or weights.dtype != np.float32 or not np.isfinite(weights).all():
        raise ModelError(f"{folder}: {WEIGHTS} does not hold {OWN_WEIGHTS:,} finite numbers; train again")
    limits = {name: model["thresholds"][name] for name in ("hold", "reject", "unsigned_hold")}
    given = [limit for limit in limits.values() if limit is not None]
    numbers = [model["bias"], *model["signal_weights"], *model["signal_means"], *given]
    if not all(isinstance(number, int | float) and math.isfinite(number) for number in numbers):
        raise ModelError(f"{folder}: {MODEL} holds a number that is none; train again")
    hold, reject = limits["hold"], limits["reject"]
    ordered = hold is not None and (reject is None or hold <= reject)
    if not ordered or not all(0.0 <= limit <= 1.0 for limit in given):
        raise ModelError(f"{folder}: {MODEL} holds thresholds that are no probabilities in their order; train again")
    return ModelFile(
        id,
        # A plain array over the mapped pages, so that nothing later is of the memmap subclass: 1 µs more a call.
        np.asarray(weights).view(np.ndarray),
        float(model["bias"]),
        model["signal_weights"],
        model["signal_means"],
        Thresholds(**limits),
        probes,
    )


def _json(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def digest(path: Path) -> str:
    """SHA-256 (hex) of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def self_digest(manifest: dict[str, Any]) -> str:
    """SHA-256 (hex) of a manifest without its own ``self``."""
    rest = {key: value for key, value in manifest.items() if key != "self"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()
