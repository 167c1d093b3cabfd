"""What the doctor says of images, on generated files."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lessup import data, doctor
from lessup.doctor.doubles import near_duplicates, thumbnails
from lessup.samples.images import Images, Ragged
from lessup.samples.splits import Folds, split


def scene(seed: int, size: tuple[int, int] = (60, 48)) -> Image.Image:
    """A smooth picture that differs with the seed; (width, height)."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 7, 3), np.uint8)
    return Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two classes of four; among them an equal file, a smaller one, a brighter one, a text and a zero-byte file."""
    for label, name in enumerate(("cat", "dog")):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(4):
            scene(10 * label + number).save(tmp_path / "photos" / name / f"{number}.png")
    cats, dogs = tmp_path / "photos" / "cat", tmp_path / "photos" / "dog"
    (dogs / "twin.png").write_bytes((cats / "0.png").read_bytes())
    scene(1, (30, 24)).save(dogs / "small.png")
    Image.fromarray((np.asarray(scene(2)) * 0.6 + 60).astype(np.uint8)).save(cats / "pale.jpg", quality=60)
    (cats / "text.jpg").write_text("no image")
    (dogs / "nothing.png").write_bytes(b"")
    return tmp_path / "photos"


def test_sizes_damage_and_classes_are_counted_and_the_next_command_is_given(photos):
    found = doctor.examine(photos)
    assert found.usable
    assert found.pictures is not None
    assert (found.pictures.channels, found.pictures.bits) == (3, 8)
    assert found.pictures.smallest == (30, 24)
    assert found.pictures.smallest_name == "dog/small.png"
    assert found.pictures.largest == (60, 48)
    assert {(count.name, count.samples) for count in found.classes} == {("cat", 5), ("dog", 6)}
    assert {damage.name for damage in found.damaged} == {"cat/text.jpg", "dog/nothing.png"}
    assert found.command.startswith("lessup train ")
    text = doctor.render(found)
    assert f"{photos}: image-folder, 11 images\n" in text
    assert "  cat       5 images\n" in text
    assert "images: 3 channels of 8 bits; from 30x24 (dog/small.png)" in text
    json.dumps(dataclasses.asdict(found))


def test_equal_images_and_images_that_look_the_same_are_told_apart(photos):
    found = doctor.examine(photos)
    assert [(pair.name, pair.equal_to) for pair in found.duplicates] == [("dog/twin.png", "cat/0.png")]
    near = {frozenset((pair.name, pair.equal_to)) for pair in (*found.near, *found.near_leaks)}
    assert near == {frozenset(("dog/small.png", "cat/1.png")), frozenset(("cat/pale.jpg", "cat/2.png"))}


def test_test_images_that_training_holds_are_leaks(tmp_path):
    for part, seeds in (("train", (1, 2, 3)), ("test", (4, 3))):
        (tmp_path / part / "cat").mkdir(parents=True)
        for seed in seeds:
            scene(seed).save(tmp_path / part / "cat" / f"{part}{seed}.png")
    leaks = doctor.examine(tmp_path).leaks
    assert [(pair.name, pair.equal_to) for pair in leaks] == [("test/cat/test3.png", "train/cat/train3.png")]


def images(arrays: list[np.ndarray]) -> Images:
    count = len(arrays)
    return Images(
        pixels=Ragged.of(arrays),
        id=np.array([f"{number:03d}" for number in range(count)]),
        label=np.zeros(count, np.int64),
        classes=("thing",),
        group=np.arange(count),
        official=np.full(count, ""),
        fingerprint="",
    )


def test_every_pair_that_correlates_is_found_as_by_comparing_all_with_all():
    rng = np.random.default_rng(0)
    scenes = [np.asarray(scene(seed)) for seed in range(40)]
    noisy = [np.clip(each + rng.normal(0, 4, each.shape), 0, 255).astype(np.uint8) for each in scenes[:15]]
    samples = images([*scenes, *noisy])
    alike = np.corrcoef(thumbnails(samples).astype(np.float64)) >= 0.98
    expected = {(f"{late:03d}", f"{alike[late].argmax():03d}") for late in range(40, 55) if alike[late, :late].any()}
    assert len(expected) == 15
    assert {(pair.name, pair.equal_to) for pair in near_duplicates(samples, np.zeros(55, bool))[0]} == expected


def test_flat_images_say_nothing():
    flat = images([np.full((9, 9, 3), value, np.uint8) for value in (3, 99, 200)])
    assert near_duplicates(flat, np.array([True, False, False])) == ([], [])


def test_test_images_that_look_like_training_images_are_marked_as_such(tmp_path):
    for part, seeds in (("train", (1, 2, 3)), ("test", (4, 5))):
        (tmp_path / part / "cat").mkdir(parents=True)
        for seed in seeds:
            scene(seed).save(tmp_path / part / "cat" / f"{seed}.png")
    scene(3, (30, 24)).save(tmp_path / "test" / "cat" / "3a.png")
    scene(3, (45, 36)).save(tmp_path / "test" / "cat" / "3b.png")  # looks like 3a, which comes first, but also like 3
    scene(4, (30, 24)).save(tmp_path / "test" / "cat" / "4a.png")
    found = doctor.examine(tmp_path)
    across = {("test/cat/3a.png", "train/cat/3.png"), ("test/cat/3b.png", "train/cat/3.png")}
    assert {(pair.name, pair.equal_to) for pair in found.near_leaks} == across
    assert [(pair.name, pair.equal_to) for pair in found.near] == [("test/cat/4a.png", "test/cat/4.png")]
    assert any(advice.startswith("2 test images look like a training image") for advice in found.advice)
    text = doctor.render(found)
    assert "test image looks like a training image: 2\n  test/cat/3a.png ~ train/cat/3.png" in text


def test_near_duplicates_are_marked_across_folds_too(tmp_path):
    for seed in range(8):
        scene(seed).save(tmp_path / f"{seed}.png")
        scene(seed, (30, 24)).save(tmp_path / f"{seed}-small.png")
    found = doctor.examine(tmp_path)
    tested = set(split(data.load(tmp_path), Folds()).test.id)
    pairs = [{f"{seed}.png", f"{seed}-small.png"} for seed in range(8)]
    across = [pair for pair in pairs if len(pair & tested) == 1]
    assert across
    assert sorted(sorted((pair.name, pair.equal_to)) for pair in found.near_leaks) == sorted(map(sorted, across))
    assert len(found.near) == 8 - len(across)


def test_tagged_images_count_for_each_of_their_tags(tmp_path):
    for number in range(4):
        scene(number).save(tmp_path / f"{number}.png")
    (tmp_path / "tags.csv").write_text("image,tags\n0.png,bag|hat\n1.png,hat\n2.png,bag\n")
    found = doctor.examine(tmp_path)
    assert found.kind == "image-table"
    assert [(each.name, each.samples) for each in found.classes] == [("bag", 2), ("hat", 2), ("unlabelled", 1)]
    assert found.pictures.tagged == 3


def test_long_list_of_classes_is_cut_in_the_middle(tmp_path):
    for number in range(50):
        (tmp_path / f"class{number:02d}").mkdir()
        scene(number, (9, 9)).save(tmp_path / f"class{number:02d}" / "1.png")
    text = doctor.render(doctor.examine(tmp_path))
    assert "class19" in text
    assert "class20" not in text
    assert "... 10 more classes (--json names all)" in text
