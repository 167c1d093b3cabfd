"""KITTI odometry in both layouts: frames, poses and projections of the right camera, at the right times."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lessup import data, doctor
from toy_video import moving

REAL = Path(__file__).parents[3] / "shared" / "data" / "kitti-odometry-mini.tar"


def rows(count, width, seed=0):
    return np.random.default_rng(seed).normal(size=(count, width)).round(4)


def text(array):
    return "\n".join(" ".join(map(str, row)) for row in array)


@pytest.fixture
def published(tmp_path):
    for sequence, cameras in (("00", (2, 3)), ("11", (2,))):
        folder = tmp_path / "sequences" / sequence
        for camera in cameras:
            (folder / f"image_{camera}").mkdir(parents=True)
            for number, frame in enumerate(moving(4, seed=camera + int(sequence))):
                Image.fromarray(frame).save(folder / f"image_{camera}" / f"{number:06d}.png")
        projections = rows(4, 12, seed=int(sequence))
        (folder / "calib.txt").write_text("\n".join(f"P{n}: {text(p[None])}" for n, p in enumerate(projections)))
        (folder / "times.txt").write_text("0.0\n0.104\n0.207\n0.311\n")
    (tmp_path / "poses").mkdir()
    (tmp_path / "poses" / "00.txt").write_text(text(rows(4, 12, seed=5)))
    return tmp_path


def test_published_layout_has_poses_times_and_projections(published):
    clips = data.load(published)
    assert data.source_of(published) == "kitti-odometry"
    assert clips.id.tolist() == ["sequences/00/image_2", "sequences/00/image_3", "sequences/11/image_2"]
    assert clips.group.tolist() == [0, 0, 1]
    first, second, third = clips.clips
    for clip in (first, second):
        np.testing.assert_allclose(clip.pose.reshape(4, 12), rows(4, 12, seed=5))
    assert third.pose is None
    np.testing.assert_allclose(second.projection.reshape(-1), rows(4, 12)[3])
    np.testing.assert_allclose(third.projection.reshape(-1), rows(4, 12, seed=11)[2])
    np.testing.assert_allclose(first.index.time, [0, 0.104, 0.207, 0.311])
    assert all(np.array_equal(p, f) for (_, p), f in zip(clips.frames(1), moving(4, seed=3), strict=True))
    assert "pose" not in clips.keys


def test_batch_of_sequences_with_poses_has_those_of_its_frames(published):
    clips = data.load(published).take(np.array([0, 1]))
    batch = clips.batch([1])
    assert batch["pose"].shape == (1, 16, 3, 4)
    shown = np.searchsorted([0.104, 0.207, 0.311], batch["time"][0].numpy(), side="right")
    np.testing.assert_allclose(batch["pose"][0].reshape(16, 12), rows(4, 12, seed=5)[shown], atol=1e-6)


def test_other_number_of_poses_than_frames_is_named_and_left_aside(published):
    (published / "poses" / "00.txt").write_text(text(rows(3, 12)))
    (published / "sequences" / "11" / "times.txt").write_text("0\nlater\n1\n2")
    clips = data.load(published)
    told = {damage.name: damage.reason for damage in clips.damage}
    assert told["poses/00.txt"] == "3 rows for 4 frames: left aside"
    assert "later" in told["sequences/11/times.txt"]
    assert all(clip.pose is None for clip in clips.clips)
    np.testing.assert_allclose(clips.clips[2].index.time, [0, 0.1, 0.2, 0.3])
    assert doctor.examine(published).footage.poses == 0


def test_pose_of_a_broken_frame_is_left_out_with_it(published):
    (published / "sequences/00/image_2/000001.png").write_bytes(b"no")
    clip = data.load(published).clips[0]
    np.testing.assert_allclose(clip.pose.reshape(3, 12), rows(4, 12, seed=5)[[0, 2, 3]])
    np.testing.assert_allclose(clip.index.time, [0, 0.207, 0.311])


def test_real_sequences_have_a_car_that_drives_on():
    if not REAL.is_file():
        pytest.skip("../shared/data/kitti-odometry-mini.tar is absent")
    clips = data.load(REAL)
    assert clips.id.tolist() == ["kitti/sequence_1/image_l", "kitti/sequence_2/image_l"]
    assert not clips.damage
    for clip in clips.clips:
        assert clip.pose.shape == (51, 3, 4)
        np.testing.assert_allclose(clip.pose[0], np.eye(3, 4), atol=1e-6)
        turning = clip.pose[:, :, :3]
        np.testing.assert_allclose(
            turning @ turning.transpose(0, 2, 1), np.broadcast_to(np.eye(3), (51, 3, 3)), atol=1e-4
        )
        ahead = np.einsum("tij,ti->tj", turning[:-1], np.diff(clip.pose[:, :, 3], axis=0))  # as the camera sees it
        assert (ahead[:, 2] > np.abs(ahead[:, :2]).max(1)).all()
        assert clip.index.seconds == pytest.approx(5.1)
    assert [clip.projection[0, 0] for clip in clips.clips] == pytest.approx([707.0912, 718.856])
    assert "pose" in clips.keys
