"""Folders of frames become clips whose frames are the images."""

import numpy as np
import pytest
from PIL import Image

from lessup import data
from lessup.errors import DataError, UsageError
from toy_video import moving


@pytest.fixture
def folder(tmp_path):
    for clip, count in (("walk/a", 12), ("walk/b", 3), ("run/c", 5)):
        (tmp_path / clip).mkdir(parents=True)
        for number, frame in enumerate(moving(count, seed=len(clip))):
            Image.fromarray(frame).save(tmp_path / clip / f"frame{number}.png")
    return tmp_path


def test_frames_follow_the_numbers_in_their_names(folder):
    clips = data.load(f"frames:{folder},rate=10")
    assert clips.id.tolist() == ["run/c", "walk/a", "walk/b"]
    assert [clips.classes[label] for label in clips.label] == ["run", "walk", "walk"]
    got = list(clips.frames(1))
    np.testing.assert_allclose([time for time, _ in got], np.arange(12) / 10)
    for (_, pixels), frame in zip(got, moving(12, seed=6), strict=True):
        assert np.array_equal(pixels, frame)
    assert clips.batch([0, 2])["clip"].shape == (2, 16, 3, 48, 64)


def test_broken_frame_is_left_out_and_the_others_keep_their_times(folder):
    (folder / "walk/a/frame4.png").write_bytes(b"no image")
    Image.fromarray(moving(1, 20, 20)[0]).save(folder / "walk/a/frame7.png")
    clips = data.load(f"frames:{folder},rate=10")
    times = [time for time, _ in clips.frames(1)]
    np.testing.assert_allclose(times, np.delete(np.arange(12) / 10, [4, 7]))
    (damage,) = clips.damage
    assert damage.name == "walk/a"
    assert not damage.skipped
    assert "frame4.png" in damage.reason
    assert "and 1 more" in damage.reason


def test_equal_clips_are_found_and_without_a_prefix_the_folders_are_images(folder):
    for number, frame in enumerate(moving(3, seed=6)):
        (folder / "run/d").mkdir(exist_ok=True)
        Image.fromarray(frame).save(folder / "run/d" / f"{number}.png")
    clips = data.load(f"frames:{folder}")
    assert clips.first_equal().tolist() == [0, 1, 2, 1]
    assert data.source_of(folder) == "image-folder"


def test_wrong_rate_and_missing_folder_are_named(folder):
    with pytest.raises(UsageError, match="rate=fast: wanted frames a second"):
        data.load(f"frames:{folder},rate=fast")
    with pytest.raises(DataError, match="no frames at nowhere"):
        data.load("frames:nowhere")
