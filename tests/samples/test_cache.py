import subprocess
import sys

import numpy as np
import pytest

from lessup.errors import DataError
from lessup.samples.assembly import assemble
from lessup.samples.cache import FOLDER, cached, files_fingerprint
from lessup.samples.voxels import pack


def some_voxels(seed=0):
    return assemble(
        "x",
        bits=pack(np.random.default_rng(seed).random((3, 6, 6, 6)) < 0.5),
        side=6,
        label=np.zeros(3, int),
        classes=("chair",),
        group=np.arange(3),
        view=np.zeros(3, int),
        official=[""] * 3,
        id=list("abc"),
    )


@pytest.fixture
def source(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    (tmp_path / "shapes").mkdir()
    return tmp_path / "shapes"


def never():
    raise AssertionError("built again")


def test_second_call_reads_what_the_first_one_built(source):
    first = cached("ab12", source, some_voxels)
    second = cached("ab12", source, never)
    assert second.fingerprint == first.fingerprint
    assert [path.name for path in (source.parent / FOLDER).iterdir()] == ["ab12.npz"]


def test_another_key_builds_anew(source):
    cached("ab12", source, some_voxels)
    assert cached("cd34", source, lambda: some_voxels(1)).fingerprint == some_voxels(1).fingerprint


def test_damaged_cache_file_is_built_anew_and_replaced(source):
    cached("ab12", source, some_voxels)
    place = source.parent / FOLDER / "ab12.npz"
    place.write_bytes(place.read_bytes()[:100])
    assert cached("ab12", source, some_voxels).fingerprint == some_voxels().fingerprint
    assert cached("ab12", source, never).fingerprint == some_voxels().fingerprint


def test_unwritable_folder_falls_back_to_the_user_cache(source, tmp_path):
    (tmp_path / FOLDER).write_text("a file where the folder would be")
    cached("ab12", source, some_voxels)
    assert (tmp_path / "home" / "lessup" / "ab12.npz").is_file()
    assert cached("ab12", source, never).fingerprint == some_voxels().fingerprint


def test_nowhere_to_write_costs_time_and_nothing_else(source, tmp_path):
    (tmp_path / FOLDER).write_text("")
    (tmp_path / "home").write_text("")
    assert cached("ab12", source, some_voxels).fingerprint == some_voxels().fingerprint


def test_error_of_the_build_leaves_no_cache(source):
    def broken():
        raise DataError("no grids")

    with pytest.raises(DataError, match="no grids"):
        cached("ab12", source, broken)
    assert not (source.parent / FOLDER).exists()


@pytest.mark.slow
def test_two_processes_that_build_at_once_both_get_whole_samples(source):
    program = f"""
import sys, time
from pathlib import Path
sys.path.insert(0, {str(source.parent)!r})
from lessup.samples.cache import cached
from build import some_voxels

def slowly():
    Path(sys.argv[1]).touch()
    while not all(Path(name).exists() for name in ("one", "two")):
        time.sleep(0.01)
    return some_voxels()

print(cached("ab12", Path({str(source)!r}), slowly).fingerprint)
"""
    from inspect import getsource

    imports = (
        "import numpy as np\nfrom lessup.samples.assembly import assemble\nfrom lessup.samples.voxels import pack\n"
    )
    (source.parent / "build.py").write_text(imports + getsource(some_voxels))
    runs = [
        subprocess.Popen([sys.executable, "-c", program, name], stdout=subprocess.PIPE, text=True, cwd=source.parent)
        for name in ("one", "two")
    ]
    printed = [run.communicate(timeout=600)[0].strip() for run in runs]
    assert printed == [some_voxels().fingerprint] * 2
    assert [path.name for path in (source.parent / FOLDER).iterdir()] == ["ab12.npz"]
    assert cached("ab12", source, never).fingerprint == some_voxels().fingerprint


def test_files_fingerprint_follows_names_and_content_but_not_the_place(tmp_path):
    def fingerprint_of(folder, content):
        for name, text in content.items():
            (tmp_path / folder / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / folder / name).write_text(text)
        return files_fingerprint((tmp_path / folder / name for name in content), tmp_path / folder)

    first = fingerprint_of("one", {"a/x": "1", "b": "2"})
    assert first == fingerprint_of("two", {"b": "2", "a/x": "1"})
    assert first != fingerprint_of("three", {"a/x": "2", "b": "1"})
    assert first != fingerprint_of("four", {"a/y": "1", "b": "2"})
    with pytest.raises(DataError, match="gone: no such file"):
        files_fingerprint([tmp_path / "gone"], tmp_path)
