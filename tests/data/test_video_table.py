"""Lists of VGGSound, AudioSet and any table with a head, among videos."""

import pytest

from lessup import data, doctor
from lessup.errors import DataError
from toy_video import moving, video

pytest.importorskip("av")


@pytest.fixture(scope="module")
def contents():
    return [video(moving(2, seed=seed)) for seed in range(4)]


def written(folder, names, contents, **lists):
    (folder / "clips").mkdir()
    for name, content in zip(names, contents, strict=False):
        (folder / "clips" / name).write_bytes(content)
    for name, text in lists.items():
        (folder / f"{name}.csv").write_text(text)
    return folder


def said(clips):
    named = {-1: "", **dict(enumerate(clips.classes))}
    return {
        name.removeprefix("clips/"): (named[label], part)
        for name, label, part in zip(clips.id.tolist(), clips.label.tolist(), clips.official.tolist(), strict=True)
    }


def test_vggsound_finds_clips_by_their_ids_and_starts(tmp_path, contents):
    lines = 'abcdefghij_,30,"playing harp",train\nabcdefghij_,70,dog barking,test\n--ABCDEFGHI,1,"wind, noise",test\n'
    lines += "zzzzzzzzzzz,5,missing,train\n"
    names = ["abcdefghij__000030.mp4", "abcdefghij__70000_80000.mp4", "--ABCDEFGHI.mp4", "other.mp4"]
    folder = written(tmp_path, names, contents, vggsound=lines)
    assert data.source_of(folder) == "video-table"
    clips = data.load(folder)
    assert said(clips) == {
        "abcdefghij__000030.mp4": ("playing harp", "train"),
        "abcdefghij__70000_80000.mp4": ("dog barking", "test"),
        "--ABCDEFGHI.mp4": ("wind, noise", "test"),
        "other.mp4": ("", ""),
    }
    assert clips.group[0] != clips.group[3]
    assert len(set(clips.group[[clips.id.tolist().index(f"clips/{name}") for name in names[:2]]])) == 1
    (damage,) = clips.damage
    assert (damage.name, damage.reason) == (
        "zzzzzzzzzzz",
        "1 of 4 lines name clips that are not there, this one the first",
    )


def test_audioset_gives_tags_with_the_names_of_its_ontology(tmp_path, contents):
    head = "# Segments csv created Sun Mar  5 10:54:31 2017\n# num_ytids=2\n"
    head += "# YTID, start_seconds, end_seconds, positive_labels\n"
    folder = written(
        tmp_path,
        ["--PJHxphWEs_30.000.mp4", "Y--ZhevVpy1s.mp4"],
        contents,
        balanced_train_segments=f'{head}--PJHxphWEs, 30.000, 40.000, "/m/09x0r,/t/dd00088"\n',
        eval_segments=f'{head}--ZhevVpy1s, 50.000, 60.000, "/m/012xff"\n',
        class_labels_indices='index,mid,display_name\n0,/m/09x0r,"Speech"\n1,/t/dd00088,"Gush"\n2,/m/012xff,"Toothbrush"\n',
    )
    clips = data.load(folder)
    assert clips.classes == ("Gush", "Speech", "Toothbrush")
    assert clips.tags.tolist() == [[1, 1, 0], [0, 0, 1]]
    assert clips.official.tolist() == ["train", "test"]
    assert clips.batch([0])["tags"].tolist() == [[1, 1, 0]]
    assert [(count.name, count.samples) for count in doctor.examine(folder).classes] == [
        *(("Gush", 1), ("Speech", 1), ("Toothbrush", 1)),
    ]


def test_any_table_with_a_head_will_do(tmp_path, contents):
    table = "file,label,split\nclips/a.mp4,cat,train\nb.mp4,dog,test\n"
    clips = data.load(written(tmp_path, ["a.mp4", "b.mp4"], contents, labels=table))
    assert said(clips) == {"a.mp4": ("cat", "train"), "b.mp4": ("dog", "test")}


def test_lines_that_contradict_one_another_are_refused(tmp_path, contents):
    folder = written(tmp_path, ["a.mp4"], contents, labels="video,tags\na.mp4,cat|dog\nclips/a.mp4,cat\n")
    with pytest.raises(DataError, match=r"two lines name clips/a.mp4, once as cat \| dog and once as cat"):
        data.load(folder)


def test_line_of_another_form_is_named(tmp_path, contents):
    folder = written(tmp_path, ["abcdefghijk.mp4"], contents, vggsound="abcdefghijk,30,harp,train\nabcdefghijk,x\n")
    with pytest.raises(DataError, match="the line 'abcdefghijk,x' is not ID,start,label,train or test"):
        data.load(folder)
