"""Patches on a grid with gaps, and the pairs of neighbours in it.

Source: Carl Doersch, Abhinav Gupta, Alexei A. Efros, *Unsupervised Visual Representation Learning by Context
Prediction*, 2015, section 3.1, and the authors' released code.
"""

import torch
from torch import Tensor

from lessup.transforms.crops import crop_resize
from lessup.transforms.draws import Draws

NUM_POSITIONS = 8
"""Places around a patch, numbered row by row from the upper left: 0 1 2, 3 and 4 beside it, 5 6 7."""


def patch_boxes(
    extent: Tensor,
    draws: Draws,
    *,
    pixels: tuple[int, int],
    patch: int,
    gap: int,
    jitter: int,
    most: int,
    num_grids: int = 1,
) -> tuple[Tensor, Tensor]:
    """Lay grids of patches into images that are resized at random first, each patch moved a little.

    A grid has as many patches as fit, up to ``most`` a side, and at least two: an image too small for two is enlarged.
    It begins anywhere where it fits. All places are whole pixels of the resized image, so that an image that keeps its
    size is cut and not resampled.

    Args:
        extent: (B, 2) int64 height and width of each image.
        draws: where the numbers come from.
        pixels: least and largest area of a resized image; its aspect stays.
        patch: S, side of a patch in the resized image.
        gap: distance between two patches before they move.
        jitter: each patch moves by up to so many pixels up or down and left or right, and stays in the image.
        most: largest number of patches on a side of a grid.
        num_grids: grids an image, each of its own size and place.

    Returns:
        boxes: (B, P, 4) left, top, right, bottom in pixels of the images as they are, by grid, then row by row; P is
            num_grids * most * most.
        present: (B, P) bool, False where a patch does not fit.
    """
    num, stride = len(extent), patch + gap
    size = extent[:, None, :].flip(2).float()  # (B, 1, 2) width and height
    area = pixels[0] + (pixels[1] - pixels[0]) * draws.uniform(num, num_grids, 1)
    scale = (area / size.prod(2, keepdim=True)).sqrt()  # (B, G, 1)
    scale = torch.maximum(scale, (patch + stride) / size.amin(2, keepdim=True))
    room = (size * scale + 1e-3).floor() - patch  # (B, G, 2) largest left and top
    count = (room // stride + 1).clamp(max=most)  # (B, G, 2) columns and rows
    origin = (draws.uniform(num, num_grids, 2) * (room - (count - 1) * stride + 1)).floor()
    number = torch.arange(most, device=extent.device)
    place = torch.stack(torch.meshgrid(number, number, indexing="xy"), 2)  # (most, most, 2) column and row
    moved = draws.integers(-jitter, jitter + 1, num, num_grids, most, most, 2)
    corner = origin[:, :, None, None] + place * stride + moved  # (B, G, most, most, 2)
    corner = torch.minimum(corner.clamp(min=0), room[:, :, None, None])
    boxes = torch.cat([corner, corner + patch], 4) / scale[:, :, None, None]
    present = (place < count[:, :, None, None]).all(4)
    return boxes.flatten(1, 3), present.flatten(1)


def neighbour_pairs(most: int, num_grids: int = 1) -> tuple[Tensor, Tensor, Tensor]:
    """List all ordered pairs of neighbours in grids of ``most`` x ``most`` patches.

    Returns:
        first: (M,) int64 number of the patch in the middle, of those of ``patch_boxes``.
        second: (M,) int64 number of the patch beside it.
        position: (M,) int64, where the second lies, 0 <= position < ``NUM_POSITIONS``.

    >>> first, second, position = neighbour_pairs(2)
    >>> [*zip(first.tolist(), second.tolist(), position.tolist())][:3]
    [(0, 1, 4), (0, 2, 6), (0, 3, 7)]
    """
    patch = torch.arange(num_grids * most * most)
    grid, row, column = patch // most**2, patch // most % most, patch % most
    down = row[None, :] - row[:, None]  # (P, P), the second relative to the first
    right = column[None, :] - column[:, None]
    near = (down.abs() <= 1) & (right.abs() <= 1) & (grid[None, :] == grid[:, None])
    first, second = (near & (patch[None, :] != patch[:, None])).nonzero().unbind(1)
    around = 3 * (down + 1) + right + 1  # 0 to 8, the middle is 4
    position = (around - (around > 4).long())[first, second]
    return first, second, position


def cut_patches(image: Tensor, boxes: Tensor, side: int) -> Tensor:
    """Cut every box out of its image.

    Args:
        image: (B, C, H, W).
        boxes: (B, P, 4) left, top, right, bottom in pixels.
        side: S, of a patch.

    Returns:
        (B, P, C, S, S), of the range of ``image``.
    """
    return torch.stack([crop_resize(image, box, (side, side)) for box in boxes.unbind(1)], 1)


def coarsening(side: int, smallest: int) -> Tensor:
    """Return the matrices that shrink a line of ``side`` pixels and enlarge it again, one for each shrunken length.

    Args:
        side: S, pixels of the line.
        smallest: shortest length, 1 <= smallest <= S; the lengths go up to S, whose matrix changes nothing.

    Returns:
        (S - smallest + 1, S, S); a patch x becomes ``matrix @ x @ matrix.T``.
    """
    line = torch.eye(side)[None, None]
    whole = torch.tensor([[0.0, 0.0, side, side]])
    matrices = []
    for length in range(smallest, side + 1):
        shrunk = crop_resize(line, whole, (length, side))
        matrices.append(crop_resize(shrunk, torch.tensor([[0.0, 0.0, side, length]]), (side, side))[0, 0])
    return torch.stack(matrices)


def coarsen(patches: Tensor, matrices: Tensor, draws: Draws, *, share: float) -> Tensor:
    """Shrink a random share of the patches to a random area and enlarge them again.

    Args:
        patches: (B, P, C, S, S).
        matrices: of ``coarsening``.
        draws: where the numbers come from.
        share: probability of each patch.

    Returns:
        (B, P, C, S, S), of the range of ``patches``.
    """
    num, side = patches.shape[:2], patches.shape[-1]
    smallest = side - len(matrices) + 1
    area = smallest**2 + (side**2 - smallest**2) * draws.uniform(*num)
    length = torch.where(draws.uniform(*num) < share, area.sqrt().floor().long(), side)  # (B, P)
    chosen = matrices[length - smallest][:, :, None]  # (B, P, 1, S, S)
    return chosen @ patches @ chosen.mT
