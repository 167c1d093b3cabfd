"""Folders of videos: classes, bad files by name, and what the doctor says of them."""

from pathlib import Path

import numpy as np
import pytest

from lessup import data, doctor
from lessup.errors import DataError, UsageError
from lessup.samples import Reading
from toy_video import moving, sound_alone, tone, video, with_matrix

pytest.importorskip("av")

REAL = Path(__file__).parents[3] / "shared" / "data"


def written(folder, files):
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    good = video(moving(12), sound=tone(1))
    return written(
        tmp_path_factory.mktemp("videos"),
        {
            "walk/a.mp4": good,
            "walk/again.mp4": good,
            "walk/phone.mp4": with_matrix(video(moving(8, seed=4)), (0, 1, -1, 0)),
            "run/silent.mkv": video(moving(6, seed=2), kind="matroska", sound=np.zeros((1, 22050), np.float32)),
            "run/uneven.mkv": video(moving(4, seed=3), kind="matroska", stamps=[0, 40, 900, 940]),
            "run/one.mp4": video(moving(1, seed=5)),
            "run/text.mp4": b"not a video at all",
            "run/empty.mp4": b"",
            "run/sound.mp4": sound_alone(tone(1)),
            "run/cut.flv": video(moving(30, seed=6), kind="flv", g=5)[:6000],
        },
    )


def test_classes_are_folders_and_bad_files_are_named(mixed):
    clips = data.load(mixed)
    assert clips.classes == ("run", "walk")
    assert clips.id.tolist() == [
        *("run/cut.flv", "run/one.mp4", "run/silent.mkv", "run/uneven.mkv"),
        *("walk/a.mp4", "walk/again.mp4", "walk/phone.mp4"),
    ]
    assert clips.label.tolist() == [0, 0, 0, 0, 1, 1, 1]
    left_out = {damage.name: damage.reason for damage in clips.damage if damage.skipped}
    assert left_out["run/empty.mp4"] == "the file is empty"
    assert left_out["run/sound.mp4"] == "has no moving pictures: found audio"
    assert left_out["run/text.mp4"].startswith("is no video that can be decoded")
    doubtful = {damage.name: damage.reason for damage in clips.damage if not damage.skipped}
    assert list(doubtful) == ["run/cut.flv"]
    assert doubtful["run/cut.flv"].startswith("damaged")


def test_equal_clips_stay_on_one_side_of_a_split(mixed):
    clips = data.load(mixed)
    families = dict(zip(clips.id.tolist(), clips.families().tolist(), strict=True))
    assert families["walk/a.mp4"] == families["walk/again.mp4"] != families["walk/phone.mp4"]


def test_doctor_says_frames_seconds_streams_silence_and_duplicates(mixed):
    diagnosis = doctor.examine(mixed)
    footage = diagnosis.footage
    assert diagnosis.usable
    assert footage.frames == 12 + 12 + 8 + 6 + 4 + 1 + len(data.load(mixed).clips[0].index.time)
    assert (footage.turned, footage.variable, footage.without_sound) == (1, 1, 4)
    assert footage.silent == ("run/silent.mkv",)
    assert footage.rates == {22050: 3}
    assert [(pair.name, pair.equal_to) for pair in diagnosis.duplicates] == [("walk/again.mp4", "walk/a.mp4")]
    page = doctor.render(diagnosis)
    for said in (
        "video-folder, 7 clips",
        "damaged, left out: 3",
        "silent, used: 1",
        "equal to another: 1",
        "streams in all",
    ):
        assert said in page, page
    assert "3 clips with, 4 without, 1 silent" in page


def test_batch_without_frames_is_refused(mixed):
    with pytest.raises(UsageError, match="--frames 0: wanted 1 frame"):
        data.load(mixed, Reading(frames=0))


def test_one_file_alone_is_a_set_of_one_clip(mixed):
    clips = data.load(mixed / "walk" / "phone.mp4")
    assert clips.id.tolist() == ["phone.mp4"]
    assert clips.clips[0].index.extent == (64, 48)


def test_folder_without_a_usable_video_says_why(tmp_path):
    written(tmp_path, {"a.mp4": b"nothing", "b.avi": b""})
    with pytest.raises(DataError, match=r"none of the 2 clips in .* can be used, such as a.mp4: is no video"):
        data.load(tmp_path)
    assert not doctor.examine(tmp_path).usable


def test_pictures_and_sounds_beside_videos_do_not_change_what_a_folder_is(tmp_path):
    written(tmp_path, {"a.mp4": video(moving(2)), "a.jpg": b"", "a.wav": b""})
    assert data.source_of(tmp_path) == "video-folder"


def test_real_clips_are_all_read():
    archive = REAL / "video-silent.tar"
    if not archive.is_file():
        pytest.skip("../shared/data/video-silent.tar is absent")
    clips = data.load(archive)
    assert len(clips) == 11
    assert not clips.damage
    by_name = dict(zip(clips.id.tolist(), clips.clips, strict=True))
    assert len(by_name["video-silent/vtest.mp4"].index.time) == 1193
    assert by_name["video-silent/vtest.mp4"].index.seconds == pytest.approx(1193 / 15, abs=0.01)
    assert all(clip.index.sound is None for clip in clips.clips)
