from dataclasses import replace

import numpy as np
import pytest

from lessup.errors import DataError, ShapeError
from lessup.samples.images import Images, Ragged

SIZES = ((4, 6), (3, 3), (5, 2))


def images() -> Images:
    return Images(
        pixels=Ragged.of([np.full((*size, 3), 9, np.uint8) for size in SIZES]),
        id=np.array(["a", "b", "c"]),
        label=np.full(3, -1),
        classes=("cat", "dog"),
        group=np.arange(3),
        official=np.full(3, ""),
        fingerprint="generated",
        masks=Ragged.of([np.zeros((*size, 1), np.uint8) for size in SIZES]),
    )


def maps(*numbers: int) -> Ragged:
    return Ragged.of([np.full((*size, 1), number, np.uint8) for size, number in zip(SIZES, numbers, strict=True)])


def test_other_masks_take_the_place_of_the_images_own():
    given = images()
    other = given.with_masks(maps(1, 2, 255))
    batch = other.batch([0, 1, 2])
    assert batch["mask"][0, :4, :6].unique().tolist() == [1]
    assert batch["mask"][1, :3, :3].unique().tolist() == [2]
    assert batch["mask"][2].unique().tolist() == [-1]
    assert other.pixels is given.pixels
    assert other.take(np.array([1])).batch([0])["mask"].unique().tolist() == [2]
    assert "mask" in replace(given, masks=None).with_masks(maps(0, 0, 0)).keys


def test_fingerprint_is_another_for_other_masks_and_the_same_for_equal_ones():
    prints = [images().with_masks(maps(1, 2, number)).fingerprint for number in (0, 0, 1)]
    assert prints[0] == prints[1] != prints[2]
    assert "generated" not in prints


def test_masks_that_do_not_fit_are_refused():
    with pytest.raises(ShapeError, match="1 maps such as that of b, 3 x 4 for 3 x 3 pixels"):
        images().with_masks(Ragged.of([np.zeros((*size, 1), np.uint8) for size in ((4, 6), (3, 4), (5, 2))]))
    with pytest.raises(ShapeError, match="2 maps of 1 channels and uint8 for 3 images"):
        images().with_masks(maps(0, 0, 0).take(np.array([0, 1])))
    with pytest.raises(ShapeError, match="of 3 channels"):
        images().with_masks(images().pixels)
    with pytest.raises(DataError, match="the map of b holds 3: wanted 0 to 2, or 255"):
        images().with_masks(maps(0, 3, 0))


def test_samples_name_the_keys_that_they_lack():
    assert images().lacking(("image", "boxes", "voxels")) == ("boxes", "voxels")
    assert images().lacking(("image", "label")) == ()


@pytest.mark.parametrize("chosen", [[3, 0, 3], [1, 4], [0, 1, 2]])
def test_padding_copies_images_of_one_size_and_fills_up_others(chosen):
    sizes = ((4, 6), (3, 4), (2, 6), (4, 6), (3, 4))  # those of one size lie at multiples of it, and not
    arrays = [np.random.default_rng(number).integers(1, 255, (*size, 2), np.uint8) for number, size in enumerate(sizes)]
    padded = Ragged.of(arrays).padded(np.array(chosen)).permute(0, 2, 3, 1).numpy()
    for found, index in zip(padded, chosen, strict=True):
        height, width = sizes[index]
        assert (found[:height, :width] == arrays[index]).all()
        assert not found[height:].any()
        assert not found[:, width:].any()
    assert padded.shape[1:3] == tuple(max(sizes[index][axis] for index in chosen) for axis in (0, 1))


def test_image_is_masked_where_any_pixel_of_its_mask_counts():
    given = images().with_masks(maps(1, 255, 0))
    assert given.masked().tolist() == [True, False, True]
    assert not replace(given, masks=None).masked().any()
