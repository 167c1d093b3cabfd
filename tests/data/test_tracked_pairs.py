"""Folders of videos, good and bad, read as pairs of patches."""

import shutil

import numpy as np
import pytest
from PIL import Image

from lessup import data
from lessup.data import tracked_pairs
from lessup.errors import DataError
from lessup.mining.tracks import Miner
from lessup.samples import Reading
from lessup.samples.images import Images
from lessup.samples.splits import Folds, split
from toy_video import passing, sound_alone, tone, video

pytest.importorskip("av")
pytest.importorskip("cv2")


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mined") / "clips"
    folder.mkdir()
    frames = passing(44)[0]
    good = video(frames, crf=10)
    files = {
        "a.mp4": good,
        "b.mkv": video(passing(44, seed=5)[0], kind="matroska", crf=10),
        "cut.flv": video(passing(90, seed=7)[0], kind="flv", g=5)[:-20_000],
        "empty.mp4": b"",
        "large.avi": video(np.zeros((2, 4320, 7680, 3), np.uint8), kind="avi", codec="mpeg4"),
        "one.mp4": video(frames[:1]),
        "sound.mp4": sound_alone(tone(1)),
        "still.mp4": video(np.repeat(frames[:1], 33, axis=0)),
        "text.mp4": b"not a video at all",
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture(scope="module")
def pairs(videos):
    return data.load(f"pairs:{videos}")


def test_pair_is_a_class_of_two_patches_and_a_clip_a_group(pairs):
    assert np.bincount(pairs.label).tolist() == [2] * len(pairs.classes)
    assert pairs.classes[0] == "a.mp4 0-30"
    clips = {name.split()[0] for name in pairs.classes}
    assert {"a.mp4", "b.mkv"} <= clips <= {"a.mp4", "b.mkv", "cut.flv"}
    assert len(np.unique(pairs.group)) == len(clips)
    first, second = (pairs.batch([n])["image"][0] for n in np.flatnonzero(pairs.label == 0))
    assert first.shape == (3, 40, 40)
    assert 0 < (first - second).abs().mean() < 0.2


def test_bad_files_are_named_each_with_its_reason_and_end_nothing(pairs):
    told = {one.name: one.reason for one in pairs.damage}
    assert told["empty.mp4"] == "the file is empty"
    assert told["sound.mp4"] == "has no moving pictures"
    assert told["text.mp4"].startswith("is no video that can be decoded")
    assert told["one.mp4"] == "no pair in 1 frames"
    assert told["large.avi"].startswith("no pair in 2 frames")
    assert told["still.mp4"] == "no pair in 33 frames: windows dropped: 4 under 25% of the points move"
    assert all(one.skipped for one in pairs.damage if one.name != "cut.flv")


def test_larger_frames_than_allowed_are_refused(videos, tmp_path):
    (tmp_path / "clips").mkdir()
    shutil.copy(videos / "large.avi", tmp_path / "clips" / "large.avi")
    with pytest.raises(
        DataError, match=r"no window of 1 clips was kept, such as large.avi: 34 megapixels; the limit is"
    ):
        data.load(f"pairs:{tmp_path / 'clips'}", Reading(max_megapixels=20))


def test_counts_of_what_was_dropped_are_said(videos, pairs, capsys):
    data.load(f"pairs:{videos}")
    said = capsys.readouterr().err
    assert "pairs from" in said
    assert "of 9 clips" in said
    assert "under 25% of the points move" in said


def test_folder_of_mined_pairs_is_read_without_the_videos(videos, pairs, tmp_path):
    mined = next((videos.parent / ".lessup-cache").glob("pairs-*"))
    moved = shutil.copytree(mined, tmp_path / "mined")
    again = data.load(moved)
    assert again.fingerprint == pairs.fingerprint
    assert [one.name for one in again.damage] == [one.name for one in pairs.damage]
    assert data.source_of(moved) == "tracked-pairs"


def test_whole_classes_are_dealt_by_clip(pairs):
    parts = split(pairs, Folds(folds=2, whole_classes=True))
    sides = [{name.split("/")[0] for name in part.id} for part in (parts.train, parts.test)]
    assert all(sides)
    assert not sides[0] & sides[1]


def test_one_video_under_two_names_stays_on_one_side(videos, tmp_path):
    folder = tmp_path / "clips"
    folder.mkdir()
    for name, source in {"a.mp4": "a.mp4", "again.mp4": "a.mp4", "b.mkv": "b.mkv"}.items():
        shutil.copy(videos / source, folder / name)
    found = data.load(f"pairs:{folder}")
    parts = split(found, Folds(folds=2, whole_classes=True))
    sides = [{name.split("/")[0][7:] for name in part.id} for part in (parts.train, parts.test)]
    assert {"a.mp4", "again.mp4"} in sides
    assert {"b.mkv"} in sides


def test_missing_picture_is_named_and_a_wrong_table_refused(videos, pairs, tmp_path):
    mined = shutil.copytree(next((videos.parent / ".lessup-cache").glob("pairs-*")), tmp_path / "mined")
    (mined / pairs.id[0]).unlink()
    assert (pairs.id[0], "cannot be read: no such file") in {
        (one.name, f"cannot be read: {one.reason}") for one in data.load(mined).damage
    }
    (mined / "pairs.csv").write_text("a,b\n")
    with pytest.raises(DataError, match=r"pairs.csv: wanted a first line clip,first_frame"):
        data.load(mined)


def test_folders_of_frames_are_mined_as_their_pictures_are_and_damaged_ones_passed_over(tmp_path):
    frames = passing(44)[0]
    for number, frame in enumerate(frames):
        folder = tmp_path / "clips" / "one"
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(frame).save(folder / f"{number}.png")  # 10.png comes after 9.png
    (folder / "43.png").write_bytes(b"broken")
    found = data.load(f"frames:{tmp_path / 'clips'},rate=10", reads=("image", "extent", "pair"))
    assert isinstance(found, Images)
    wanted = [patch for pair in Miner().pairs(iter(frames[:43])) for patch in pair.patches]
    assert len(found) == len(wanted) > 0
    assert all((found.pixels[n] == patch).all() for n, patch in enumerate(wanted))
    assert [(one.name, one.skipped) for one in found.damage] == [("one", False)]
    assert found.damage[0].reason.startswith("1 frames cannot be decoded, such as one/43.png ")
    (folder / "0.png").unlink()
    assert data.load(f"pairs:frames:{tmp_path / 'clips'}").fingerprint != found.fingerprint, "mined anew"


def test_frames_of_another_size_are_brought_to_that_of_the_first(tmp_path):
    frames = passing(44)[0]
    folder = tmp_path / "clips" / "one"
    folder.mkdir(parents=True)
    for number, frame in enumerate(frames):
        shown = Image.fromarray(frame)
        shown = shown.resize((2 * shown.width, 2 * shown.height)) if number == 43 else shown
        shown.save(folder / f"{number}.png")
    assert len(data.load(f"pairs:frames:{tmp_path / 'clips'}").classes) == len([*Miner().pairs(iter(frames))])


def test_frames_of_kitti_are_folders_of_frames(tmp_path):
    camera = tmp_path / "sequences" / "00" / "image_0"
    camera.mkdir(parents=True)
    (camera.parent / "calib.txt").write_text("")
    (camera / "000000.png").write_bytes(b"")
    assert str(tracked_pairs.where(tmp_path, ("pair",))) == f"pairs:frames:{tmp_path}"
    assert tracked_pairs.where(tmp_path, ("image",)) == tmp_path


def test_no_videos_are_refused_with_what_is_wanted(tmp_path):
    with pytest.raises(DataError, match=r"no videos at .*: wanted a folder, zip or tar of .mp4"):
        data.load(f"pairs:{tmp_path}")
    with pytest.raises(DataError, match="no videos at"):
        data.load(f"pairs:{tmp_path / 'nothing'}")
