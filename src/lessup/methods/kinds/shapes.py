"""What methods on shapes promise beside what all do."""

from abc import abstractmethod

from torch import Tensor

from lessup.methods.kinds.method import Method


class ShapeAutoencoder(Method):
    """A method that maps a corrupted grid to a whole one through a code, so that it can repair and blend."""

    @abstractmethod
    def repair(self, voxels: Tensor) -> Tensor:
        """Return (B, V, V, V) probabilities in [0, 1] that a cell of the whole shape is occupied, from bool grids."""

    @abstractmethod
    def blend(self, first: Tensor, second: Tensor, weight: float) -> Tensor:
        """Return (B, V, V, V) probabilities decoded from the codes of two bool grids mixed at 0 <= weight <= 1.

        A weight of 0 gives the first shape, 1 the second.
        """
