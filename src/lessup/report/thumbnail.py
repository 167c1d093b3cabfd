"""Small still pictures of grids, seen from above and aside."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lessup.report import png

PIXELS = 176
"""Width and height; shown at half of it, which is sharp on fine screens."""

_COLOUR = np.array([142, 164, 187])
_LIGHT = np.array([0.74, 0.9, 1.16])
"""How bright the faces across x, y and z are."""


@dataclass(frozen=True)
class View:
    """A camera without perspective that looks at the middle of a grid.

    Attributes:
        azimuth: turn about the upright axis, in radians, 0 < azimuth < pi / 2.
        elevation: height above the ground, in radians, 0 < elevation < pi / 2.
    """

    azimuth: float = 0.6
    elevation: float = 0.5

    def axes(self) -> NDArray[np.float64]:
        """Return (3, 3): the directions to the right of, up in and towards the viewer, one a row."""
        (x, y), height = (np.cos(self.azimuth), np.sin(self.azimuth)), np.sin(self.elevation)
        towards = np.array([np.cos(self.elevation) * x, np.cos(self.elevation) * y, height])
        right = np.array([-y, x, 0.0])
        return np.stack([right, np.cross(towards, right), towards])


def picture(grid: NDArray[np.bool_], view: View | None = None) -> NDArray[np.uint8]:
    """Draw a grid: the pixels of every face that looks at the camera, the nearest last.

    Args:
        grid: (V, V, V) bool, the third axis up.
        view: where the camera stands.

    Returns:
        (H, W, 4) uint8 red, green, blue and opacity; nothing is see-through but the ground.
    """
    axes = (view or View()).axes()
    parts = [_face_pixels(grid, axis, axes) for axis in range(3)]
    pixel, depth = (np.concatenate(values) for values in zip(*parts, strict=True))
    shade = np.repeat(np.arange(3), [len(depths) for _, depths in parts])
    order = np.argsort(depth, kind="stable")
    image = np.zeros((PIXELS * PIXELS, 4), np.uint8)
    image[pixel[order], :3] = np.minimum(_COLOUR * _LIGHT[shade[order], None], 255)
    image[pixel, 3] = 255
    return image.reshape(PIXELS, PIXELS, 4)


def data_uri(grid: NDArray[np.bool_]) -> str:
    """Draw a grid as a PNG and return it as an address that holds its content."""
    return png.data_uri(picture(grid))


def cells_per_pixel(side: int) -> float:
    """Return the size of a pixel; the middle 24 of 30 cells fill the picture from wherever they are seen."""
    return 1.16 * side / PIXELS


def _face_pixels(
    grid: NDArray[np.bool_], axis: int, axes: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return (S,) pixels that the upper faces across one axis cover, and (S,) their nearness, with repeats."""
    side = len(grid)
    above = np.roll(grid, -1, axis)
    above[(slice(None),) * axis + (-1,)] = False
    corner = np.argwhere(grid & ~above) + np.eye(3)[axis]  # (F, 3), the lowest corner of each face
    scale = cells_per_pixel(side)
    seen = (corner - side / 2) @ axes.T  # (F, 3): right, up, towards
    flat = np.stack([seen[:, 0], -seen[:, 1]], 1) / scale + PIXELS / 2  # (F, 2) column and row
    edges = np.delete(axes, axis, axis=1)  # (3, 2), the two edges of every face
    shear = np.stack([edges[0], -edges[1]]) / scale  # (2, 2), in pixels
    reach = np.abs(shear).sum(1).max()
    near = np.arange(-np.ceil(reach), np.ceil(reach) + 1)
    box = np.stack(np.meshgrid(near, near), -1).reshape(-1, 2)  # (B, 2)
    pixel = np.floor(flat)[:, None] + box  # (F, B, 2)
    along = (pixel + 0.5 - flat[:, None]) @ np.linalg.inv(shear).T  # (F, B, 2), place within the face
    within = ((along >= 0) & (along < 1) & (pixel >= 0) & (pixel < PIXELS)).all(-1)
    depth = seen[:, None, 2] + along @ edges[2]
    column, row = pixel[within].astype(np.int64).T
    return row * PIXELS + column, depth[within]
