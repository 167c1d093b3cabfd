"""How many cells of a repaired shape are wrong."""

from torch import Tensor

from lessup.errors import ShapeError


def voxel_error(repaired: Tensor, whole: Tensor, *, padding: int = 3) -> Tensor:
    """Return the cells that differ, in percent of the cells that a shape can fill.

    All V^3 cells are compared, and the count is divided by (V - 2 padding)^3: 24^3 = 13,824 for the published 30 cells
    a side.

    Args:
        repaired: (B, V, V, V) bool.
        whole: (B, V, V, V) bool.
        padding: cells on each side that stay empty.

    Returns:
        (B,) percent, >= 0, float64.

    Raises:
        ShapeError: the two differ in shape or dtype, or the padding leaves nothing.

    Source: Sharma, Grau, Fritz, *VConv-DAE: Deep Volumetric Shape Learning Without Object Labels*, 2016, tables 2 and
    3, as computed in their code.

    >>> import torch
    >>> whole = torch.zeros(1, 10, 10, 10, dtype=torch.bool)
    >>> voxel_error(~whole, whole, padding=0)
    tensor([100.], dtype=torch.float64)
    """
    if repaired.shape != whole.shape or repaired.dtype != whole.dtype:
        raise ShapeError(
            f"wanted two grids of one shape and dtype, got {tuple(repaired.shape)} {repaired.dtype} "
            f"and {tuple(whole.shape)} {whole.dtype}"
        )
    inner = whole.shape[1] - 2 * padding
    if inner < 1:
        raise ShapeError(f"padding {padding} leaves nothing of {whole.shape[1]} cells a side")
    return (repaired != whole).flatten(1).sum(1).double() * 100 / inner**3
