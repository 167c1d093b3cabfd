"""Classes of sounds that a table gives."""

import tarfile

import numpy as np
import pytest

from lessup import data
from lessup.data import source_of
from lessup.errors import DataError

soundfile = pytest.importorskip("soundfile")
pytest.importorskip("soxr")

ESC = """filename,fold,target,category,esc10,src_file,take
1-100032-A-0.wav,1,0,dog,True,100032,A
1-100032-B-0.wav,1,0,dog,True,100032,B
1-100038-A-14.wav,1,14,chirping_birds,False,100038,A
5-1-A-14.wav,5,14,chirping_birds,False,1,A
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    (tmp_path / "ESC-50-master" / "audio").mkdir(parents=True)
    (tmp_path / "ESC-50-master" / "meta").mkdir()
    for seed, name in enumerate(("1-100032-A-0", "1-100032-B-0", "1-100038-A-14", "2-7-A-3")):
        wave = np.random.default_rng(seed).uniform(-0.5, 0.5, 4_000)
        soundfile.write(tmp_path / "ESC-50-master" / "audio" / f"{name}.wav", wave, 20_000)
    (tmp_path / "ESC-50-master" / "meta" / "esc50.csv").write_text(ESC)
    return tmp_path / "ESC-50-master"


def test_classes_are_those_of_the_table_and_takes_of_a_recording_stay_together(folder):
    found = data.load(folder)
    assert source_of(folder) == "sound-table"
    assert found.classes == ("chirping_birds", "dog")
    assert dict(zip(found.id.tolist(), found.label.tolist(), strict=True)) == {
        "audio/1-100032-A-0.wav": 1,
        "audio/1-100032-B-0.wav": 1,
        "audio/1-100038-A-14.wav": 0,
        "audio/2-7-A-3.wav": -1,
    }
    assert found.group[0] == found.group[1] != found.group[2]
    told = "1 of 4 lines name sounds that are not there, this one the first"
    assert [(one.name, one.reason) for one in found.damage] == [("5-1-A-14.wav", told)]


def test_archive_of_the_folder_gives_the_same_classes(folder):
    packed = folder.parent / "esc.tar"
    with tarfile.open(packed, "w") as archive:
        archive.add(folder, "ESC-50-master")
    assert data.load(packed).classes == data.load(folder).classes
    assert data.load(packed).label.tolist() == data.load(folder).label.tolist()


def test_any_table_may_name_parts(folder):
    (folder / "meta" / "esc50.csv").write_text(
        "Path,Label,Split\n./audio/1-100032-A-0.wav,bark,train\n2-7-A-3.wav,hen,test\n"
    )
    found = data.load(folder)
    assert found.classes == ("bark", "hen")
    assert found.official.tolist() == ["train", "", "", "test"]


def test_lines_that_contradict_one_another_are_refused_and_other_tables_are_none(folder):
    (folder / "meta" / "more.csv").write_text("filename,category\n1-100032-A-0.wav,cat\n")
    with pytest.raises(DataError, match="once as dog and once as cat"):
        data.load(folder)
    (folder / "meta" / "more.csv").unlink()
    (folder / "meta" / "esc50.csv").write_text("name,size\n1-100032-A-0.wav,3\n")
    assert source_of(folder) == "sound-folder"
