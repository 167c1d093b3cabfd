"""From a newcomer's folder of videos to a report in which frames can be heard, and to features of layers."""

import json

import numpy as np
import pytest

from lessup.cli import main
from lessup.doctor import examine
from lessup.runs import Run
from toy_video import moving, passing, tone, video

pytest.importorskip("av")


def noise(seed):
    return np.random.default_rng(seed).normal(0, 0.1, (1, 44_100)).astype(np.float32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("videos")
    for number in range(16):
        is_tone = number % 2
        sound = tone(2, 22_050, 300.0 + 10 * number) if is_tone else noise(number)
        place = folder / ("tone" if is_tone else "noise") / f"{number}.mkv"
        place.parent.mkdir(exist_ok=True)
        frames = moving(20, seed=number)
        place.write_bytes(video(frames, kind="matroska", sound=sound, sound_codec="pcm_f32le"))
    (folder / "tone" / "mute.mkv").write_bytes(video(moving(20, seed=50), kind="matroska"))
    return folder


@pytest.fixture(scope="module")
def run(folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "sound"
    words = ["--steps", "2", "--batch-size", "8", "--frames", "2", "--seconds", "1", "--folds", "2", "--device", "cpu"]
    assert main(["train", "ambient-sound", "--data", str(folder), "--out", str(out), *words]) == 0
    return out


def test_training_keeps_the_code_of_the_sounds_and_counts_what_has_none(run, folder, capsys, tmp_path):
    words = ["--steps", "1", "--batch-size", "4", "--frames", "2", "--seconds", "1", "--folds", "2", "--device", "cpu"]
    assert main(["train", "ambient-sound", "--data", str(folder), "--out", str(tmp_path / "again"), *words]) == 0
    told = capsys.readouterr().err
    assert f"1 of {folder} changed or doubtful, and used: 1 no sound" in told
    assert f"2 of {folder} are silent or have no sound, and are not learnt from" in told
    config = Run.open(run).config
    assert config["config"]["clusters"] == 2, "an eighth of 16 clips"
    assert config["data"]["samples"] == 34


def test_protocols_measure_frames_of_held_out_clips_and_the_report_plays_their_sound(run):
    for words in (["sound-prediction", "--exchanges", "20"], ["units"], ["knn", "--layers", "max5"]):
        assert main(["evaluate", str(run), "--protocol", *words]) == 0
    scores = Run.open(run).scores()["sound-prediction"]
    assert set(scores["rows"]) == {"chance", "class_prior", "random", "exchanged", "model"}
    assert main(["report", str(run), "--out", str(run / "report.html")]) == 0
    page = (run / "report.html").read_text()
    assert "media-src data:" in page
    assert page.count("<audio controls") >= 8
    assert "data:audio/wav;base64," in page


def test_layers_of_the_paper_are_measured_with_labels(run, capsys):
    layers = ("max5", "pool5", "fc6", "fc7")
    capsys.readouterr()
    assert main(["evaluate", str(run), "--protocol", "linear-svm", "--layers", *layers, "--json"]) == 0
    row = json.loads(capsys.readouterr().out)["rows"]["model"]
    assert {f"accuracy_at_{layer}" for layer in layers} <= set(row)


def test_a_frame_finds_frames_of_other_clips(run, folder, capsys):
    capsys.readouterr()
    words = ["neighbors", str(run), "--data", str(folder), "--query", "tone/1.mkv#0", "--count", "3", "--json"]
    assert main(words) == 0
    found = json.loads(capsys.readouterr().out)["queries"][0]["neighbors"]
    assert len(found) == 3
    assert not any(one["name"].startswith("tone/1.mkv") for one in found)


def test_another_method_for_images_trains_on_the_same_frames(run, folder, tmp_path):
    words = ["--steps", "1", "--batch-size", "4", "--frames", "2", "--folds", "2", "--device", "cpu"]
    out = tmp_path / "clusters"
    assert main(["train", "k-means", "--data", str(folder), "--out", str(out), *words]) == 0
    fingerprints = [Run.open(one).config["data"]["fingerprint"] for one in (run, out)]
    assert fingerprints[0] == fingerprints[1]


def test_comparison_puts_supervision_on_the_same_frames_beside_it(run, tmp_path):
    table = tmp_path / "table.json"
    words = ["--protocol", "knn --layers max5 --draws 1", "--supervised-steps", "1", "--out", str(table)]
    assert main(["compare", str(run), *words]) == 0
    names = [row["name"] for row in json.loads(table.read_text())["rows"]]
    assert any(name.startswith("ambient-sound") for name in names)
    assert any(name.startswith("supervised") for name in names)


def test_doctor_recommends_it_for_videos_with_sound_alone(folder, tmp_path):
    found = examine(folder)
    assert "lessup train ambient-sound" in found.command
    assert not next(fit for fit in found.methods if fit.name == "ambient-sound").problem
    (tmp_path / "mute.mkv").write_bytes(video(moving(6), kind="matroska"))
    (tmp_path / "also.mkv").write_bytes(video(moving(6, seed=1), kind="matroska"))
    fits = {fit.name: fit.problem for fit in examine(tmp_path).methods}
    assert "texture" in fits["ambient-sound"]
    assert not fits["context-prediction"]


def test_videos_without_sound_are_refused_before_training(tmp_path, capsys):
    (tmp_path / "clips").mkdir()
    for number in range(4):
        (tmp_path / "clips" / f"{number}.mkv").write_bytes(video(moving(6, seed=number), kind="matroska"))
    words = ["train", "ambient-sound", "--data", str(tmp_path / "clips"), "--out", str(tmp_path / "run")]
    assert main(words) == 2
    assert "none is heard in" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_what_was_learnt_from_pairs_of_patches_is_measured_on_frames_of_the_same_clips(tmp_path, capsys):
    pytest.importorskip("cv2")
    for number in range(8):
        place = tmp_path / "clips" / ("left" if number % 2 else "right") / f"{number}.mp4"
        place.parent.mkdir(parents=True, exist_ok=True)
        frames = passing(44, seed=number)[0]
        place.write_bytes(video(frames if number % 2 else frames[:, :, ::-1], crf=10))
    data, run = str(tmp_path / "clips"), tmp_path / "run"
    words = ["--steps", "1", "--batch-size", "4", "--folds", "2", "--device", "cpu"]
    assert main(["train", "video-triplets", "--recipe", "cpu", "--data", data, "--out", str(run), *words]) == 0
    for words in ([], ["--data", data]):
        assert main(["evaluate", str(run), "--protocol", "linear-svm", "--layers", "pool5", *words]) == 0
        scores = Run.open(run).scores()["linear-svm"]
        assert scores["part"] == "fold 0 of 2"
        assert scores["samples"] == 4 * 16, "frames of the clips that are held out"
    assert main(["evaluate", str(run), "--protocol", "verification"]) == 0, "pairs"
    table = ["compare", str(run), "--data", data, "--protocol", "linear-svm", "--layers", "pool5", "--draws", "1"]
    assert main([*table, "--supervised-steps", "1", "--out", str(tmp_path / "table.md")]) == 0
    assert "| supervised |" in (tmp_path / "table.md").read_text()
    capsys.readouterr()
    assert main(["neighbors", str(run), "--data", data, "--query", f"{data}/left/1.mp4"]) == 2
    assert "is a video: pass a picture, or an item of" in capsys.readouterr().err
