import numpy as np
import pytest

from lessup.errors import ShapeError, UsageError
from lessup.masks.dense_crf import DenseCRFConfig
from lessup.masks.joint_saliency import LEAST, JointConfig, joint_saliency, likelihood
from lessup.masks.saliency import foreground

ROWS, COLUMNS = np.mgrid[:48, :48]
INSIDE = (abs(ROWS - 20) <= 8) & (abs(COLUMNS - 26) <= 8)
BLOB = np.exp(-((ROWS - 20.0) ** 2 + (COLUMNS - 26.0) ** 2) / 60)


def busy() -> np.ndarray:
    """A red square on a ground of bluish and greenish noise, (H, W, 3) uint8."""
    pixels = np.random.default_rng(0).integers(0, 120, (48, 48, 3), dtype=np.uint8)
    pixels[..., 0] = np.where(INSIDE, 230, pixels[..., 0] // 8)
    pixels[INSIDE, 1:] = 20
    return pixels


def test_it_finds_the_object_that_class_maps_point_at_where_contrast_finds_everything():
    contrast = np.ones((48, 48))
    contrast[:4] = contrast[-4:] = 0
    found = foreground(joint_saliency(busy(), BLOB, 0.5, contrast))
    assert (found & INSIDE).sum() / (found | INSIDE).sum() > 0.95
    assert (foreground(contrast) & INSIDE).sum() / (foreground(contrast) | INSIDE).sum() < 0.2


def test_contrast_tells_how_far_an_object_reaches_where_class_maps_do_not():
    near = DenseCRFConfig(bilateral_weight=0)
    overlap = []
    for share in (0.5, 0.0):
        found = joint_saliency(busy(), BLOB, 0.5, INSIDE.astype(float), JointConfig(contrast=share, crf=near)) > 0
        overlap.append((found & INSIDE).sum() / (found | INSIDE).sum())
    assert overlap[0] > overlap[1] + 0.2


def test_what_a_crf_wipes_out_is_not_brought_back_by_its_own_maximum():
    wide = DenseCRFConfig(bilateral_weight=4, gaussian_weight=0)
    grey = np.full((48, 48, 3), 9, np.uint8)
    assert not joint_saliency(grey, 0.8 * BLOB, 0.5, 0 * BLOB, JointConfig(crf=wide)).any()


def test_without_a_crf_it_is_the_weighted_mean():
    contrast = np.random.default_rng(1).random((48, 48))
    plain = JointConfig(contrast=0.3, crf=DenseCRFConfig(num_iterations=0))
    found = joint_saliency(busy(), BLOB, 0.25, contrast, plain)
    rises = np.where(BLOB < 0.25, BLOB / 0.5, 0.5 + (BLOB - 0.25) / 1.5)
    mean = (0.7 * rises + 0.3 * contrast).clip(LEAST, 1 - LEAST)
    np.testing.assert_allclose(found, np.where(mean < 0.5, 0, mean), atol=1e-6)


@pytest.mark.parametrize("threshold", [0.01, 0.5, 1.0])
def test_a_pixel_at_the_threshold_is_as_likely_inside_as_outside(threshold):
    below, at = likelihood(np.array([threshold / 2, threshold]), threshold)
    assert below == pytest.approx(0.25)
    assert at >= 0.5


def test_an_image_without_classes_has_no_objects():
    assert not joint_saliency(busy(), np.zeros((48, 48)), 0.2, np.ones((48, 48))).any()


def test_grey_images_of_one_channel_are_read():
    assert joint_saliency(busy()[..., :1], BLOB, 0.5, BLOB).shape == (48, 48)


def test_arrays_of_other_sizes_and_shares_beyond_the_whole_are_refused():
    with pytest.raises(ShapeError, match=r"confidence \(48, 48\), contrast \(47, 48\): wanted"):
        joint_saliency(busy(), BLOB, 0.5, BLOB[1:])
    with pytest.raises(UsageError, match=r"contrast = 1.5: wanted a share from 0 to 1"):
        JointConfig(contrast=1.5)
