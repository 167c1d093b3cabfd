"""UCF101 as published: classes, groups and lists."""

import pytest

from lessup import data
from lessup.samples.splits import Folds, split
from toy_video import moving, video

pytest.importorskip("av")

NAMES = [f"v_{action}_g0{group}_c0{clip}" for action in ("Archery", "YoYo") for group in (1, 2, 3) for clip in (1, 2)]


@pytest.fixture
def folder(tmp_path):
    for seed, name in enumerate(NAMES):
        path = tmp_path / "UCF-101" / name.split("_")[1] / f"{name}.avi"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(video(moving(3, seed=seed), kind="avi", codec="mpeg4"))
    return tmp_path


def listed(folder, number="01", groups=("g03",)):
    folder.mkdir(exist_ok=True)
    test = [name for name in NAMES if any(group in name for group in groups)]
    train = [f"{name.split('_')[1]}/{name}.avi 1" for name in NAMES if name not in test]
    (folder / f"trainlist{number}.txt").write_text("\n".join(train))
    (folder / f"testlist{number}.txt").write_text("\r\n".join(f"{name.split('_')[1]}/{name}.avi" for name in test))


@pytest.mark.parametrize("inside", [True, False])
def test_lists_within_or_beside_give_the_official_split(folder, inside):
    listed((folder / "UCF-101" if inside else folder) / "ucfTrainTestlist")
    clips = data.load(folder / "UCF-101")
    assert data.source_of(folder / "UCF-101") == "ucf101"
    assert clips.classes == ("Archery", "YoYo")
    assert clips.id[0] == "Archery/v_Archery_g01_c01.avi"
    for name, part in zip(clips.id, clips.official, strict=True):
        assert part == ("test" if "_g03_" in name else "train")
    assert not clips.damage


def test_lowest_list_is_used_and_what_is_in_none_is_counted(folder):
    listed(folder / "ucfTrainTestlist", "02", groups=("g01",))
    listed(folder / "ucfTrainTestlist", "03", groups=("g02",))
    file = folder / "ucfTrainTestlist" / "testlist02.txt"
    file.write_text("Archery/v_Archery_g01_c01.avi\nArchery/v_Archery_g09_c01.avi")
    clips = data.load(folder)
    parts = dict(zip(clips.id.tolist(), clips.official.tolist(), strict=True))
    assert parts["Archery/v_Archery_g01_c01.avi"] == "test"
    assert parts["YoYo/v_YoYo_g01_c01.avi"] == ""
    assert [damage.reason for damage in clips.damage] == [
        "1 of 10 clips in the lists are not there, such as v_Archery_g09_c01",
        "3 clips are in neither list, such as v_Archery_g01_c02",
    ]


def test_without_lists_a_group_is_never_parted(folder):
    clips = data.load(folder)
    parts = split(clips, Folds(folds=3))
    groups = [{name.rpartition("_")[0] for name in part.id} for part in (parts.train, parts.validation, parts.test)]
    assert not groups[0] & groups[2]
    assert len(parts.test) == 4
