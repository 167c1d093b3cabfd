"""What is measured when average pooling meets max pooling: some classes of a generated Tiny-ImageNet."""

import io
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lessup.data import tiny_imagenet
from lessup.samples import Reading

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
NUMBERS = [f"n0000000{n}" for n in range(6)]


@pytest.fixture
def script(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    import pooling

    yield pooling
    sys.modules.pop("pooling")


@pytest.fixture
def data(tmp_path):
    """Two training images and one validation image of each of six classes."""
    top = tmp_path / "tiny-imagenet-200"
    files = {"wnids.txt": "\n".join(reversed(NUMBERS)), "words.txt": "".join(f"{n}\tthing {n}\n" for n in NUMBERS)}
    for place, number in enumerate(NUMBERS):
        names = [f"{number}_{n}.JPEG" for n in range(2)]
        files[f"train/{number}/{number}_boxes.txt"] = "".join(f"{name}\t0\t0\t9\t{place}\n" for name in names)
        for name in (*(f"train/{number}/images/{name}" for name in names), f"val/images/val_{place}.JPEG"):
            picture = io.BytesIO()
            noise = np.random.default_rng(len(files)).integers(0, 256, (10, 10, 3), np.uint8)
            Image.fromarray(noise).save(picture, "JPEG")
            files[name] = picture.getvalue()
    files["val/val_annotations.txt"] = "".join(f"val_{p}.JPEG\t{n}\t1\t1\t8\t8\n" for p, n in enumerate(NUMBERS))
    for name, content in files.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return tmp_path


def test_part_of_the_classes_keeps_all_their_images_and_boxes_and_no_others(script, data, tmp_path):
    some = tiny_imagenet.load(script.part(data, 3, tmp_path), Reading())
    whole = tiny_imagenet.load(data, Reading())
    assert some.classes == tuple(f"thing {NUMBERS[place]}" for place in (0, 2, 4))
    own = np.flatnonzero(np.isin(whole.label, [0, 2, 4]))
    assert some.id.tolist() == whole.id[own].tolist()
    assert some.official.tolist() == whole.official[own].tolist()
    for place, index in enumerate(own):
        assert (some.boxes[place].corners == whole.boxes[index].corners).all()
        assert (some.pixels[place] == whole.pixels[index]).all()


def test_columns_are_averaged_over_seeds_with_their_spread(script):
    found = script.averaged([{"given": 60.0, "top1": 1.0}, {"given": 64.0, "top1": 1.0}])
    assert found["given"] == {"mean": 62.0, "std": pytest.approx(8**0.5)}
    assert found["top1"] == {"mean": 1.0, "std": 0.0}
    assert script.averaged([{"given": 5.0}]) == {"given": {"mean": 5.0, "std": 0.0}}
