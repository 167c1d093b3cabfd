import base64
import zlib

import numpy as np

from lessup.report.thumbnail import PIXELS, View, cells_per_pixel, data_uri, picture


def cell_first_hit(grid: np.ndarray, column: int, row: int, view: View) -> tuple[int, ...] | None:
    """Follow one pixel's ray in small steps from above the grid to below it."""
    right, up, towards = view.axes()
    side, scale = len(grid), cells_per_pixel(len(grid))
    across, down = (column + 0.5 - PIXELS / 2) * scale, (row + 0.5 - PIXELS / 2) * scale
    start = side / 2 + across * right - down * up
    for step in np.arange(2 * side, -2 * side, -0.02):
        place = start + step * towards
        cell = tuple(int(value) for value in np.floor(place))
        if all(0 <= value < side for value in cell) and grid[cell]:
            return cell
    return None


def test_every_pixel_shows_whether_its_ray_meets_a_cell():
    grid = np.random.default_rng(0).random((6, 6, 6)) < 0.15
    image = picture(grid)
    for column, row in np.random.default_rng(1).integers(0, PIXELS, (60, 2)):
        assert (image[row, column, 3] == 255) == (cell_first_hit(grid, column, row, View()) is not None)


def test_a_near_cell_hides_a_far_one():
    near_the_camera, far = np.zeros((5, 5, 5), bool), np.zeros((5, 5, 5), bool)
    near_the_camera[4, 4, 4] = far[0, 0, 0] = True
    view = View(azimuth=np.pi / 4, elevation=np.arctan(1 / np.sqrt(2)))  # along the diagonal
    both = picture(near_the_camera | far, view)
    assert np.array_equal(both, picture(near_the_camera, view))


def test_top_faces_are_brightest():
    slab = np.zeros((10, 10, 10), bool)
    slab[:, :, :2] = True
    colours, counts = np.unique(picture(slab)[..., 0], return_counts=True)
    assert counts[colours == colours.max()] > counts[(colours > 0) & (colours < colours.max())].sum()


def test_empty_grid_is_all_ground():
    assert not picture(np.zeros((4, 4, 4), bool)).any()


def test_address_holds_a_png_with_the_picture():
    grid = np.ones((3, 3, 3), bool)
    file = base64.b64decode(data_uri(grid).removeprefix("data:image/png;base64,"))
    assert file.startswith(b"\x89PNG")
    start = file.index(b"IDAT") + 4
    lines = np.frombuffer(zlib.decompressobj().decompress(file[start:]), np.uint8).reshape(PIXELS, -1)
    assert np.array_equal(lines[:, 1:].reshape(PIXELS, PIXELS, 4), picture(grid))
