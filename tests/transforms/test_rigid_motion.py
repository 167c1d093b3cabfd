import numpy as np
import pytest
import torch
from scipy import ndimage

from lessup.transforms.draws import Draws
from lessup.transforms.rigid_motion import Motion, moved


def smooth(height: int, width: int) -> np.ndarray:
    """A few blobs far from the rim, so that neither interpolation nor padding matters much."""
    rows, columns = np.mgrid[:height, :width]
    places = ((0.4, 0.55, 9.0), (0.6, 0.4, 5.0))
    return sum(np.exp(-((rows - y * height) ** 2 + (columns - x * width) ** 2) / s) for y, x, s in places)


def by_scipy(image: np.ndarray, shift: tuple[float, float], degrees: float) -> np.ndarray:
    cos, sin = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    back = np.array([[cos, sin], [-sin, cos]])  # of (row, column) from the centre, rows pointing down
    centre = (np.array(image.shape) - 1) / 2
    return ndimage.affine_transform(image, back, centre - back @ (centre + np.array(shift)[::-1]), order=1)


@pytest.mark.parametrize("size", [(28, 28), (40, 28), (27, 41)])
@pytest.mark.parametrize(("shift", "degrees"), [((0, 0), 0), ((3, -2), 0), ((0, 0), 30), ((-1, 2), -17), ((2.5, 0), 9)])
def test_it_moves_as_scipy_does(size, shift, degrees):
    image = smooth(*size)
    found = moved(torch.tensor(image)[None, None], torch.tensor([shift]), torch.tensor([float(degrees)]))
    np.testing.assert_allclose(found[0, 0].numpy(), by_scipy(image, shift, degrees), atol=0.02)


def test_each_image_of_a_batch_moves_by_itself_and_what_leaves_is_lost():
    image = torch.rand(3, 2, 8, 8)
    shift = torch.tensor([[0.0, 0.0], [8.0, 0.0], [0.0, -2.0]])
    found = moved(image, shift, torch.zeros(3))
    torch.testing.assert_close(found[0], image[0])
    assert not found[1].any()
    torch.testing.assert_close(found[2, :, :-2], image[2, :, 2:])
    assert not found[2, :, -2:].any()


def test_four_quarter_turns_are_none():
    image = torch.rand(1, 1, 9, 9)
    turned = image
    for _ in range(4):
        turned = moved(turned, torch.zeros(1, 2), torch.tensor([90.0]))
    torch.testing.assert_close(turned, image, atol=1e-5, rtol=0)
    quarter = moved(image, torch.zeros(1, 2), torch.tensor([90.0]))
    torch.testing.assert_close(quarter[0, 0], torch.rot90(image[0, 0]), atol=1e-5, rtol=0)


def test_motions_are_drawn_evenly_and_those_within_bounds_are_found():
    motion = Motion.drawn(20_000, Draws.at(0), shift=2, degrees=10)
    assert motion.shift.unique().tolist() == [*range(-2, 3)]
    for column in motion.shift.T:
        assert abs(np.bincount(column.numpy() + 2) - 4_000).max() < 5 * 4_000**0.5
    assert abs(np.histogram(motion.degrees.numpy(), 10, (-10, 10))[0] - 2_000).max() < 5 * 2_000**0.5
    near = motion.within(shift=1, degrees=5)
    wanted = [
        abs(x) <= 1 and abs(y) <= 1 and abs(turn) <= 5
        for (x, y), turn in zip(motion.shift.tolist(), motion.degrees.tolist(), strict=True)
    ]
    assert near.tolist() == wanted


def test_applied_motions_are_those_of_moved():
    image = torch.rand(2, 1, 9, 9)
    motion = Motion(torch.tensor([[1, 0], [0, -2]]), torch.tensor([0.0, 30.0]))
    torch.testing.assert_close(motion.applied(image), moved(image, motion.shift, motion.degrees))


def test_mixed_precision_moves_pixels_to_the_same_places():
    image = torch.rand(3, 1, 12, 12)
    motion = torch.tensor([[1.0, -2.0], [0.5, 0.0], [3.0, 1.0]]), torch.tensor([10.0, -35.0, 0.0])
    wanted = moved(image, *motion)
    with torch.autocast("cpu", torch.bfloat16):
        assert moved(image, *motion).equal(wanted)
