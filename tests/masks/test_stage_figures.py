"""A handful of images with what every stage made of them."""

from dataclasses import replace

import numpy as np
from toy_colours import things

from lessup.masks.stage_figures import SHOWN, stage_figures
from lessup.samples.images import Ragged


def made(count):
    images = things(count)
    tags = (images.label[:, None] == np.arange(3)).astype(np.int8)
    tags[1] = 0  # nothing is shown of an image without tags
    rng = np.random.default_rng(0)
    seeds = [np.stack([rng.integers(0, 4, size), rng.integers(0, 256, size)], 2) for size in images.pixels.extent]
    return replace(images, tags=tags), Ragged.of([one.astype(np.uint8) for one in seeds])


def test_stages_of_tagged_images_are_cut_to_one_size():
    images, seeds = made(9)
    figures = stage_figures(images, 0.5, seeds=seeds, kept={"guide": images.masks})
    assert len(figures["image_id"]) == SHOWN
    assert figures["image_id"][0] == "00.png"
    assert figures["image_id"][-1] == "08.png"
    assert "01.png" not in figures["image_id"]
    assert figures["image_tags"][0] == "red"
    for place, name in enumerate(figures["image_id"]):
        index = int(name[:2])
        height, width = images.pixels.extent[index]
        label, confidence = seeds[index][..., 0], seeds[index][..., 1]
        wanted = {
            "example_image": images.pixels[index],
            "example_class_map": confidence,
            "example_seeds": np.where(confidence / 255 >= 0.5, label, 0),
            "example_guide": images.masks[index][..., 0],
        }
        for key, values in wanted.items():
            assert (figures[key][place, :height, :width] == values).all()
            assert not figures[key][place, height:].any()
            assert not figures[key][place, :, width:].any()


def test_few_images_and_no_seeds_give_what_there_is():
    images, _ = made(2)
    figures = stage_figures(images, None, seeds=None, kept={"mask": images.masks})
    assert figures["image_id"].tolist() == ["00.png"]
    assert {key for key in figures if key.startswith("example")} == {"example_image", "example_extent", "example_mask"}
