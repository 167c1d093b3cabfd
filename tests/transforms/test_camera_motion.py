import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from lessup.transforms.camera_motion import bins, camera_motion


def pose(degrees: float, place: tuple[float, float, float]) -> np.ndarray:
    return np.hstack([Rotation.from_euler("y", degrees, degrees=True).as_matrix(), np.array(place)[:, None]])


def pairs(*both) -> torch.Tensor:
    return torch.tensor(np.array(both))


def test_car_that_looks_right_and_drives_ahead_moves_along_x_of_the_world_and_z_of_the_camera():
    moving = pairs([pose(90, (5, 0, 1)), pose(90, (7, 0, 1))])
    torch.testing.assert_close(camera_motion(moving, "world")[0].tolist(), [2.0, 0.0, 0.0], atol=1e-9, rtol=0)
    torch.testing.assert_close(camera_motion(moving, "camera")[0].tolist(), [0.0, 2.0, 0.0], atol=1e-9, rtol=0)


@pytest.mark.parametrize("axes", ["world", "camera"])
def test_turns_are_relative_to_the_first_frame_and_to_the_right(axes):
    turning = pairs([pose(40, (0, 0, 0)), pose(55, (0, 0, 0))], [pose(170, (0, 0, 0)), pose(-170, (0, 0, 0))])
    assert camera_motion(turning, axes)[:, 2].tolist() == pytest.approx([15.0, 20.0])


def test_shift_of_the_camera_is_that_of_scipys_rotations():
    rng = np.random.default_rng(0)
    turned, places = Rotation.random(10, random_state=0), rng.normal(size=(10, 3))
    whole = np.concatenate([turned.as_matrix(), places[:, :, None]], 2)
    found = camera_motion(torch.from_numpy(np.stack([whole[:5], whole[5:]], 1)), "camera")
    wanted = turned[:5].inv().apply(places[5:] - places[:5])
    np.testing.assert_allclose(found[:, :2].numpy(), wanted[:, [0, 2]], atol=1e-12)


def test_bins_are_those_of_numpys_digitize():
    value = np.random.default_rng(0).normal(scale=3, size=1000)
    found = bins(torch.from_numpy(value), num_bins=20, width=0.5)
    edges = np.arange(-10, 11) * 0.5
    np.testing.assert_array_equal(found.numpy(), np.digitize(value, edges))
    assert found.min() == 0
    assert found.max() == 21
