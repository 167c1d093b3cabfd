from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from toy_colours import knowing_colours, things

from lessup.masks.class_maps import class_activation_maps, resized
from lessup.masks.fine_maps import FineMaps
from lessup.masks.saliency import foreground
from lessup.masks.seed_threshold import chosen_threshold
from lessup.masks.seeds import seed_confidence
from lessup.masks.stages import (
    guide_maps,
    place,
    saliency_maps,
    seed_maps,
    seed_threshold,
    seeds_from,
    tagged_maps,
)

TAGS = np.array([[1, 0, 1], [0, 1, 0], [0, 0, 0], [-1, -1, -1], [1, 1, 1]], np.int8)


@dataclass(frozen=True)
class Config:
    share: float = 0.5


def tagged():
    return replace(things(5), tags=TAGS)


def plain_maps(images, index):
    """Return (3, H, W) class activation maps by the functions that are tested elsewhere."""
    network, batch = knowing_colours(), images.batch([index])
    maps = class_activation_maps(network, network.prepared(batch), torch.arange(3)[None])
    return resized(maps, batch["extent"])[0].numpy()


def bright(pixels):
    return pixels.max(2) / 255


def test_place_is_another_for_other_settings_and_other_inputs_alone():
    run = Path("run")
    assert place(run, "seeds", Config(), "a", "b") == place(run, "seeds", {"share": 0.5}, "a", "b")
    others = [
        place(run, "seeds", Config(share=0.4), "a", "b"),
        place(run, "seeds", Config(), "ab"),
        place(run, "guide", Config(), "a", "b"),
        place(run, "seeds", Config(), "a", "b"),
    ]
    assert len(set(others)) == 4
    assert others[3].parent == run / "stages"
    assert others[3].name.startswith("seeds-")


def test_maps_are_read_of_the_classes_that_tags_name_alone():
    images = tagged()
    read = [*tagged_maps(FineMaps(knowing_colours()), images)(np.arange(5))]
    assert [classes.tolist() for classes, _ in read] == [[0, 2], [1], [], [], [0, 1, 2]]
    for index, (classes, maps) in enumerate(read):
        assert maps.shape == (len(classes), *images.pixels.extent[index])
        for label, one in zip(classes, maps, strict=True):
            assert np.corrcoef(one.ravel(), plain_maps(images, index)[label].ravel())[0, 1] > 0.98


def test_seeds_are_stored_with_their_confidence_and_not_computed_again(tmp_path):
    images = tagged()
    class_maps = tagged_maps(FineMaps(knowing_colours()), images)
    found = seed_maps(tmp_path / "seeds", images, class_maps)
    for index, (classes, maps) in enumerate(class_maps(np.arange(5))):
        label, confidence = seeds_from(found[index])
        if len(classes):
            whole = np.zeros((3, *maps.shape[1:]))
            whole[classes] = maps
            wanted = seed_confidence(whole, TAGS[index])
            assert (label == wanted[0]).all()
            np.testing.assert_allclose(confidence, wanted[1], atol=0.5 / 255 + 1e-6)
        else:
            assert not label.any()
            assert not confidence.any()

    def never(some):
        raise AssertionError("computed again")

    assert (seed_maps(tmp_path / "seeds", images, never)[4] == found[4]).all()


def test_threshold_is_that_of_the_confidences_of_all_images(tmp_path):
    images = tagged()
    seeds = seed_maps(tmp_path / "seeds", images, tagged_maps(FineMaps(knowing_colours()), images))
    confidences = np.concatenate([seeds[index][..., 1].ravel() for index in range(len(seeds))])
    found = seed_threshold(seeds)
    assert found == chosen_threshold(np.bincount(confidences, minlength=256))
    assert 0 < found < 1


def test_guide_gets_the_seeds_above_the_threshold_and_what_is_salient(tmp_path):
    images = tagged()
    seeds = seed_maps(tmp_path / "seeds", images, tagged_maps(FineMaps(knowing_colours()), images))
    salient = saliency_maps(tmp_path / "saliency", images, bright)
    seen = {}

    def guide(index, seed, region):
        seen[index] = (seed, region)
        return np.where(region, seed, 0)

    found = guide_maps(tmp_path / "guide", images, seeds, salient, 0.6, guide)
    assert sorted(seen) == [0, 1, 2, 3, 4]
    for index, (seed, region) in seen.items():
        label, confidence = seeds_from(seeds[index])
        assert (seed == np.where(confidence >= 0.6, label, 0)).all()
        assert (region == foreground(np.rint(255 * bright(images.pixels[index])))).all()
        assert (found[index][..., 0] == np.where(region, seed, 0)).all()
    assert images.with_masks(found).batch([0])["mask"].unique().tolist() == [0, 1]


def test_saliency_may_be_read_from_pixels_of_any_kind(tmp_path):
    images = things(2)
    deep = replace(images, pixels=replace(images.pixels, flat=images.pixels.flat.astype(np.uint16) * 257))
    for name, given in (("a", images), ("b", deep)):
        found = saliency_maps(tmp_path / name, given, bright)
        assert (found[1][..., 0] == images.pixels[1].max(2)).all()


def test_images_without_tags_cost_a_network_that_reads_nothing_no_error():
    images = replace(things(2), tags=np.zeros((2, 3), np.int8))
    for classes, maps in tagged_maps(FineMaps(knowing_colours()), images)(np.arange(2)):
        assert classes.shape == (0,)
        assert maps.shape[0] == 0


@pytest.mark.parametrize("count", [1, 3])
def test_threshold_can_be_chosen_on_very_few_images(tmp_path, count):
    images = tagged().take(np.arange(count))
    seeds = seed_maps(tmp_path / "seeds", images, tagged_maps(FineMaps(knowing_colours()), images))
    assert 0 < seed_threshold(seeds) <= 1
