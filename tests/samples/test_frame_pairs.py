"""Pairs of frames of a toy drive: which there are, what a batch of them holds, and what is left out."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lessup import data
from lessup.samples.frame_pairs import FramePairs
from toy_video import moving

READS = ("image", "extent", "other", "pose")


def write(folder: Path, count: int, poses: int) -> None:
    (folder / "image_2").mkdir(parents=True)
    (folder / "calib.txt").write_text("P2: 1 0 0 0 0 1 0 0 0 0 1 0")
    for number, frame in enumerate(moving(count)):
        Image.fromarray(frame).save(folder / "image_2" / f"{number:06d}.png")
    if poses:
        rows = [[1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, number] for number in range(poses)]
        (folder / "poses.txt").write_text("\n".join(" ".join(map(str, row)) for row in rows))


@pytest.fixture
def drive(tmp_path):
    write(tmp_path / "a", 20, 20)
    write(tmp_path / "b", 4, 0)
    return tmp_path


def test_every_pair_up_to_seven_frames_apart_is_there_and_none_crosses_the_middle(drive):
    pairs = data.load(drive, reads=READS)
    assert isinstance(pairs, FramePairs)
    found = sorted(zip(pairs.first.tolist(), pairs.second.tolist(), pairs.official.tolist(), strict=True))
    wanted = [
        (i, j, part)
        for start, end, part in ((0, 10, "train"), (10, 20, "test"))
        for i in range(start, end)
        for j in range(start, end)
        if abs(i - j) <= 7
        for _ in range(2 if i == j else 1)
    ]
    assert found == sorted(wanted)
    assert len(set(pairs.id)) == len(pairs)
    assert not pairs.lacking(READS)


def test_batch_holds_both_frames_and_how_the_camera_stood(drive):
    pairs = data.load(drive, reads=READS)
    shown = moving(20)
    batch = pairs.batch(np.array([3, 30]))
    for row, place in enumerate((3, 30)):
        first, second = pairs.first[place], pairs.second[place]
        for key, number in (("image", first), ("other", second)):
            np.testing.assert_allclose(batch[key][row].numpy() * 255, shown[number].transpose(2, 0, 1), atol=1e-3)
        assert batch["pose"][row, :, 2, 3].tolist() == [first, second]
        assert batch["extent"][row].tolist() == list(shown[0].shape[:2])
    assert set(batch) == set(pairs.keys)
    taken = pairs.take(np.array([30]))
    assert taken.batch([0])["other"].equal(batch["other"][1:])


def test_clips_without_poses_are_left_out_and_named(drive):
    pairs = data.load(drive, reads=READS)
    assert {(one.name, one.reason) for one in pairs.damage if one.skipped} == {("b/image_2", "no poses of the camera")}
    assert pairs.group.tolist() == [0] * len(pairs)


def test_other_methods_and_clips_without_any_pose_give_frames(drive, tmp_path_factory):
    assert not isinstance(data.load(drive, reads=("image", "extent")), FramePairs)
    folder = tmp_path_factory.mktemp("wrong")
    write(folder / "a", 4, 3)
    assert not isinstance(data.load(folder, reads=READS), FramePairs)
