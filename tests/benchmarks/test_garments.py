"""The layout of garments, from a small archive."""

import io
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lessup.data.image_table import load
from lessup.samples import Reading

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
LABELS = ("null", "bag", "coat", "purse", "skin", "vest")
GROUPING = "label,group\nbag,bag\npurse,bag\ncoat,outerwear\nvest,outerwear\n"


@pytest.fixture
def script(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    import garments

    yield garments
    sys.modules.pop("garments")


def png(pixels, kind="PNG") -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


@pytest.fixture
def sources(tmp_path):
    """Eight photographs, six with a mask whose columns are the labels in turn."""
    rng = np.random.default_rng(0)
    files = {"labels.txt": "\n".join(LABELS).encode()}
    tags = ["bag | skin", "coat | purse", "skin", "vest | coat | skin", "", "purse", "coat", "bag | vest"]
    files["tags.csv"] = "\n".join(["image,tags", *(f"{n:04d}.jpg,{tag}" for n, tag in enumerate(tags))]).encode()
    for number in range(8):
        files[f"images/{number:04d}.jpg"] = png(rng.integers(0, 256, (12, 12, 3), np.uint8), "JPEG")
        if number < 6:
            files[f"masks/{number:04d}.png"] = png(np.tile(np.arange(12, dtype=np.uint8) // 2, (12, 1)))
    with tarfile.open(tmp_path / "ccp.tar", "w") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(f"ccp/{name}")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    (tmp_path / "groups.csv").write_text(GROUPING)
    return tmp_path / "ccp.tar", tmp_path / "groups.csv"


def test_labels_become_classes_in_tags_and_masks_and_the_folder_is_data(script, sources, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    script.lay_out(*sources, tmp_path / "out", num_train=4)
    images = load(tmp_path / "out", Reading())
    assert images.classes == ("bag", "outerwear")
    assert images.tags.tolist() == [[1, 0], [1, 1], [-1, -1], [0, 1], [-1, -1], [1, 0], [0, 1], [1, 1]]
    wanted = np.repeat([0, 1, 2, 1, 0, 2], 2)
    for index in range(6):
        assert (images.masks[index][..., 0] == wanted).all()
    assert all((images.masks[index] == 255).all() for index in (6, 7))


def test_images_with_a_mask_are_parted_by_their_names_and_all_others_are_trained_on(script, sources, tmp_path):
    script.lay_out(*sources, tmp_path / "out", num_train=4)
    lines = [line.split(",") for line in (tmp_path / "out" / "tags.csv").read_text().splitlines()[1:]]
    tested = [name for name, _, split in lines if split == "test"]
    assert len(tested) == 2
    assert set(tested) == set(sorted((f"{number:04d}.jpg" for number in range(6)), key=script.name_hash)[4:])


def test_what_is_written_is_the_same_each_time(script, sources, tmp_path):
    for name in ("one", "two"):
        script.lay_out(*sources, tmp_path / name, num_train=4)
    assert script.content_hash(tmp_path / "one") == script.content_hash(tmp_path / "two")
    (tmp_path / "two" / "labels.txt").write_text("background\n")
    assert script.content_hash(tmp_path / "one") != script.content_hash(tmp_path / "two")
