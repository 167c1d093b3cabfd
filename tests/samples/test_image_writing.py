import numpy as np
import pytest

from lessup.formats.image_file import Decoded
from lessup.samples.image_decoding import Outcome
from lessup.samples.image_writing import INDEX, KEYS, MASKS, PIXELS, ImageWriter


def image(height, width, channels, dtype=np.uint8, seed=0):
    largest = np.iinfo(dtype).max
    return np.random.default_rng(seed).integers(0, largest, (height, width, channels), dtype, endpoint=True)


def usable(pixels, mask=None, reason=""):
    return Outcome("", Decoded(pixels, (2 * pixels.shape[0], 2 * pixels.shape[1])), mask, reason)


def written(folder, outcomes, *, masks=False):
    """Write outcomes and return the index, and the pixels and masks of every usable image as they lie in the files."""
    with ImageWriter(folder, masks=masks) as writer:
        for outcome in outcomes:
            writer.add(outcome)
        index = writer.finish()
    flat = np.fromfile(folder / PIXELS, f"uint{index['bits']}")
    flat_masks = np.fromfile(folder / MASKS, np.uint8) if masks else None
    pixels, found, start, mask_start = [], [], 0, 0
    for (height, width), good in zip(index["extent"].tolist(), index["usable"], strict=True):
        if good:
            size = height * width * int(index["channels"])
            pixels.append(flat[start : start + size].reshape(height, width, -1))
            start += size
            if masks:
                found.append(flat_masks[mask_start : mask_start + height * width].reshape(height, width))
                mask_start += height * width
    assert start == len(flat), "nothing else lies in the file"
    assert not masks or mask_start == len(flat_masks)
    return index, pixels, found


def test_images_of_one_form_are_written_as_they_are(tmp_path):
    images = [image(3, 4, 3), image(5, 2, 3, seed=1)]
    outcomes = [usable(images[0]), Outcome("", None, None, "truncated"), usable(images[1], reason="CMYK")]
    index, found, _ = written(tmp_path, outcomes)
    assert all(np.array_equal(*pair) for pair in zip(found, images, strict=True))
    assert index["usable"].tolist() == [True, False, True]
    assert index["reason"].tolist() == ["", "truncated", "CMYK"]
    assert index["original"].tolist() == [[6, 8], [0, 0], [10, 4]]
    assert (int(index["channels"]), int(index["bits"]), bool(index["masks"])) == (3, 8, False)
    with np.load(tmp_path / INDEX, allow_pickle=False) as stored:
        assert set(stored) == set(KEYS)
        assert all(np.array_equal(stored[key], index[key]) for key in KEYS)


def test_grey_images_among_colour_ones_become_colour_and_are_named(tmp_path):
    grey, colour = image(3, 4, 1), image(2, 2, 3)
    index, found, _ = written(tmp_path, [usable(grey), usable(grey), usable(colour)])
    assert np.array_equal(found[0], np.repeat(grey, 3, 2))
    assert np.array_equal(found[2], colour)
    assert index["reason"].tolist() == ["grey among colour images"] * 2 + [""]


@pytest.mark.parametrize(("most", "other"), [(np.uint8, np.uint16), (np.uint16, np.uint8)])
def test_bits_become_those_of_most_images(most, other, tmp_path):
    odd = image(4, 4, 1, other)
    index, found, _ = written(tmp_path, [usable(image(2, 2, 1, most)), usable(odd), usable(image(2, 3, 1, most))])
    wanted = odd // 256 if other == np.uint16 else odd * 257.0
    assert found[1].dtype == most
    assert np.array_equal(found[1], wanted)
    assert "bits among images of" in index["reason"][1]


def test_an_image_that_cannot_take_the_common_form_is_dropped_with_its_mask(tmp_path):
    images = [image(3, 4, 3), image(2, 5, 5), image(2, 2, 3, seed=1)]
    masks = [np.full(each.shape[:2], number, np.uint8) for number, each in enumerate(images)]
    outcomes = [usable(*pair) for pair in zip(images, masks, strict=True)]
    index, found, found_masks = written(tmp_path, outcomes, masks=True)
    assert index["usable"].tolist() == [True, False, True]
    assert index["reason"][1] == "5 channels where 3 are wanted"
    assert np.array_equal(found[1], images[2])
    assert [np.unique(mask).tolist() for mask in found_masks] == [[0], [2]]


def test_an_image_without_a_mask_counts_nowhere(tmp_path):
    mask = np.array([[0, 3]], np.uint8)
    index, _, found = written(tmp_path, [usable(image(1, 2, 1)), usable(image(1, 2, 1), mask)], masks=True)
    assert found[0].tolist() == [[255, 255]]
    assert found[1].tolist() == [[0, 3]]
    assert bool(index["masks"])


def test_nothing_usable_leaves_empty_files_and_every_reason(tmp_path):
    index, found, _ = written(tmp_path, [Outcome("", None, None, "empty file")])
    assert found == []
    assert (int(index["channels"]), index["reason"].tolist()) == (0, ["empty file"])
