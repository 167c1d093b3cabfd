"""Videos mined in processes of their own: bad files, processes that hang or crash, and runs that were killed."""

import sys
import time

import pytest

from lessup.errors import DataError
from lessup.formats.file_tree import open_tree
from lessup.formats.pair_files import CLIPS, PAIRS, ClipLine, read_clip
from lessup.samples import Reading, pair_mining
from lessup.samples.pair_mining import _ended, mined, summary
from toy_video import passing, video

pytest.importorskip("av")
pytest.importorskip("cv2")


@pytest.fixture(scope="module")
def clip():
    return video(passing(44)[0], crf=10)


def written(folder, files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return open_tree(folder)


def command(code):
    return [sys.executable, "-c", code]


def test_process_that_gives_no_sign_of_life_is_ended(monkeypatch):
    monkeypatch.setattr(pair_mining, "PATIENCE_S", 1.0)
    before = time.monotonic()
    assert _ended(command("import time; print('.', flush=True); time.sleep(100)")) == (
        "decoding hangs: nothing came for 1 s"
    )
    assert time.monotonic() - before < 50


def test_process_that_crashes_is_named_with_its_signal_or_last_word():
    assert _ended(command("import os; os.abort()")) == "decoding crashes (SIGABRT)"
    said = _ended(command("import sys; print('much ' * 100_000, file=sys.stderr); raise MemoryError('no room')"))
    assert said == "decoding crashes (MemoryError: no room)"
    assert _ended(command("print('.')")) == ""


def test_interrupt_is_not_taken_for_a_bad_file():
    with pytest.raises(KeyboardInterrupt):
        _ended(command("import os, signal; os.kill(os.getpid(), signal.SIGTERM)"))


def test_one_file_that_hangs_does_not_end_the_run_and_a_second_run_does_nothing_again(tmp_path, clip, monkeypatch):
    tree = written(tmp_path / "clips", {"a.mp4": clip, "hangs.mp4": clip})
    started = []

    def ended(words):
        started.append(words[4])
        return "decoding hangs: nothing came for 60 s" if words[4] == "hangs.mp4" else _ended(words)

    monkeypatch.setattr(pair_mining, "_ended", ended)
    place = mined(tree, tree.names(), Reading())
    lines = [read_clip(place / folder)[0] for folder in ("000000-a.mp4", "000001-hangs.mp4")]
    assert lines[0].num_frames == 44
    assert lines[0].num_pairs == 2
    assert lines[1] == ClipLine("hangs.mp4", problem="decoding hangs: nothing came for 60 s")
    assert mined(tree, tree.names(), Reading()) == place
    assert sorted(started) == ["a.mp4", "hangs.mp4"]
    assert mined(tree, tree.names(), Reading(size=64)) != place


def test_killed_run_goes_on_with_the_clips_that_are_missing(tmp_path, clip, monkeypatch):
    tree = written(tmp_path / "clips", {"a.mp4": clip, "b.mp4": clip, "c.mp4": b""})
    started = []

    def killed(words):
        started.append(words[4])
        if len(started) > 1:
            raise KeyboardInterrupt
        return "decoding crashes (SIGSEGV)"

    monkeypatch.setattr(pair_mining, "_ended", killed)
    with pytest.raises(KeyboardInterrupt):
        mined(tree, tree.names(), Reading())
    first = started[0]

    def fine(words):
        started.append(words[4])
        return "decoding crashes (SIGABRT)"

    monkeypatch.setattr(pair_mining, "_ended", fine)
    place = mined(tree, tree.names(), Reading())
    assert started.count(first) == 1
    assert {*started} == {"a.mp4", "b.mp4", "c.mp4"}
    assert (place / PAIRS).is_file()
    assert (place / CLIPS).read_text().count("SIGSEGV") == 1
    assert [each for each in place.iterdir() if each.name.startswith(".")] == []


def test_damaged_record_of_a_clip_is_named(tmp_path):
    (tmp_path / "clip.json").write_text('{"clip": {}}')
    with pytest.raises(DataError, match=r"clip.json is not there, or damaged .* remove its folder"):
        read_clip(tmp_path)


def test_summary_counts_pairs_clips_and_windows():
    lines = [ClipLine("a", 90, 2, "", {"x": 3, "y": 0}), ClipLine("b", 9, 0, "", {"x": 1, "z": 1}), ClipLine("c")]
    assert summary(lines) == "2 pairs from 1 of 3 clips; 5 windows dropped: 4 x, 1 z"
    assert summary([]) == "0 pairs from 0 of 0 clips; 0 windows dropped"
