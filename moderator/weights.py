"""What is asked of weights: those of some buckets. A NumPy array answers, and so does what only acts as one."""

from typing import Any, Literal, Protocol

from numpy.typing import NDArray


class Weights(Protocol):
    """A weight for each bucket."""

    def take(self, indices: NDArray[Any], *, mode: Literal["raise", "clip"] = "raise") -> NDArray[Any]:
        """The weights of these buckets; with ``clip`` those beyond the last have the last's."""
