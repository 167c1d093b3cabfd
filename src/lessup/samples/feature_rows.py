"""Samples that are features already, so that they are parted and drawn from like any others."""

import hashlib
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray

from lessup.samples import Batch, Damage, Samples


@dataclass(frozen=True, eq=False)
class FeatureRows(Samples):
    """N rows of features; a split keeps equal rows together.

    Attributes:
        x: (N, D) float32.

    >>> rows = FeatureRows(np.eye(2, dtype=np.float32)[[0, 1, 0]], np.array(["a", "b", "c"]), np.array([0, 1, 0]),
    ...     ("ant", "bee"))
    >>> rows.families().tolist()
    [1, 0, 1]
    """

    noun: ClassVar[str] = "samples"

    x: NDArray[np.float32]
    id: NDArray[np.str_]
    label: NDArray[np.int64]
    classes: tuple[str, ...]
    damage: tuple[Damage, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of a batch."""
        return ("x", "label")

    @property
    def group(self) -> NDArray[np.int64]:  # type: ignore[override]
        """(N,) the same number for equal rows."""
        return np.unique(self.x, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)

    @property
    def official(self) -> NDArray[np.str_]:  # type: ignore[override]
        """(N,) empty: features say nothing of a split."""
        return np.full(len(self.id), "")

    @property
    def fingerprint(self) -> str:  # type: ignore[override]
        """Hash of features and labels."""
        return hashlib.sha256(self.x.tobytes() + self.label.tobytes()).hexdigest()

    def read(self, indices: NDArray[np.int64]) -> Batch:  # type: ignore[override]
        """Return ``x`` (B, D) and ``label`` (B,) int64."""
        return {"x": torch.from_numpy(self.x[indices]), "label": torch.from_numpy(self.label[indices])}

    def expand(self, batch: Batch) -> Batch:
        """Return a batch as it is."""
        return batch

    def take(self, indices: NDArray[np.int64]) -> Self:
        """Return some rows alone."""
        return replace(self, x=self.x[indices], id=self.id[indices], label=self.label[indices])
