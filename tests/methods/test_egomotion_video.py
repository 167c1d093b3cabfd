from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional as F

import lessup
from lessup import data
from lessup.errors import DataError, UsageError
from lessup.methods.egomotion_video import EgomotionVideo, EgomotionVideoConfig, paper
from lessup.samples.frame_pairs import FramePairs
from lessup.transforms.crops import crop_resize
from lessup.transforms.draws import Draws
from toy_video import moving

SMALL = EgomotionVideoConfig(backbone="alexnet-small", channels=1, mixing=(8, 4), hidden=16, crop=0.9)


def built(config: EgomotionVideoConfig = SMALL) -> EgomotionVideo:
    torch.manual_seed(0)
    return EgomotionVideo(config).eval()


def drive(folder: Path, *, poses: int = 20, step: float = 1.0) -> Path:
    """Write 20 frames of a car that goes straight on, with so many poses."""
    (folder / "image_2").mkdir(parents=True)
    (folder / "calib.txt").write_text("P2: 1 0 0 0 0 1 0 0 0 0 1 0")
    for number, frame in enumerate(moving(20)):
        Image.fromarray(frame).save(folder / "image_2" / f"{number:06d}.png")
    rows = [[1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, step * number] for number in range(poses)]
    (folder / "poses.txt").write_text("\n".join(" ".join(map(str, row)) for row in rows))
    return folder.parent


def test_labels_are_scaled_by_the_training_part_and_the_usual_class_is_its_most_frequent(tmp_path):
    pairs = data.load(drive(tmp_path / "a", step=2.0), reads=EgomotionVideo.reads)
    assert isinstance(pairs, FramePairs)
    config = EgomotionVideo.configured(replace(SMALL, width=0.5), pairs)
    ahead = 2.0 * (pairs.second - pairs.first)[pairs.official == "train"]
    assert config.channels == 3
    assert config.mean == pytest.approx((0, ahead.mean(), 0))
    assert config.scale == pytest.approx((ahead.std(), ahead.std(), 1)), "both shifts by the larger; no turn at all"
    classes = np.floor((ahead - ahead.mean()) / ahead.std() / 0.5) + 11
    assert config.usual == (11, np.bincount(classes.astype(int)).argmax(), 11)


def test_loss_is_the_sum_of_three_cross_entropies_of_cut_pairs():
    config = replace(SMALL, mean=(0.1, 0.2, 0.0), scale=(0.5, 0.5, 2.0), usual=(11, 12, 11))
    method, batch = built(config), EgomotionVideo.example(4)
    batch = batch | {key: batch[key][:, :1] for key in ("image", "other")}
    losses = method.step(batch, Draws.at(0))
    box = torch.tensor([[3.2, 3.2, 60.8, 60.8]]).repeat(4, 1)
    maps = [method.backbone(method.scaled(crop_resize(batch[key], box, (64, 64)))) for key in ("image", "other")]
    scores = method.answer(method.hidden(method.both(torch.cat(maps, 1)).flatten(1)).relu()).view(4, 3, 22)
    shift = batch["pose"][:, 1, :, 3]
    values = torch.stack([(shift[:, 0] - 0.1) / 0.5, (shift[:, 2] - 0.2) / 0.5, torch.zeros(4)], 1)
    wanted = torch.from_numpy(np.digitize(values.numpy(), np.arange(-10, 11)))
    loss = sum(F.cross_entropy(scores[:, n], wanted[:, n]) for n in range(3))
    torch.testing.assert_close(losses.players["motion"], loss)
    for number, name in enumerate(("x", "z", "turn")):
        right = (scores[:, number].argmax(1) == wanted[:, number]).double().mean()
        assert losses.log[name].item() == pytest.approx(100 * right.item())
        usual = (wanted[:, number] == config.usual[number]).double().mean()
        assert losses.log[f"{name}_usual"].item() == pytest.approx(100 * usual.item())


def test_training_cuts_both_frames_at_one_place_and_drops_units():
    method = built(replace(SMALL, crop=0.5, dropout=0.0)).train()
    batch = EgomotionVideo.example(3)
    same = batch | {"image": batch["image"][:, :1], "other": batch["image"][:, :1]}
    seen = []
    method.told = lambda first, second, draws: seen.append((first, second)) or torch.zeros(3, 3, 22, requires_grad=True)
    method.step(same, Draws.at(0))
    method.step(same, Draws.at(1))
    for first, second in seen:
        assert first.equal(second)
    assert not seen[0][0].equal(seen[1][0])


def test_published_rate_is_halved_every_20_000_updates():
    config, training = paper().config, paper().training
    assert (training.batch_size, config.learning_rate, config.weight_decay, config.axes) == (128, 0.001, 5e-4, "world")
    schedule = built(replace(SMALL, optimizer="sgd")).optimizations(60_000)["motion"].schedule
    assert [schedule.lr_lambdas[0](update) for update in (0, 19_999, 20_000, 40_000)] == [1, 1, 0.5, 0.25]


def test_it_trains_on_the_first_half_and_is_measured_on_the_second(tmp_path):
    source = drive(tmp_path / "data" / "a")
    config = {"backbone": "alexnet-small", "mixing": (8, 4), "hidden": 16}
    settings = lessup.settings("egomotion-video", str(source), config=config, training={"steps": 2, "batch_size": 4})
    run = lessup.train(settings, tmp_path / "run")
    scores = lessup.evaluate(run.path, "pretext")
    assert scores["samples"] == scores["rows"]["model"]["z"]["n"] or scores["samples"] > 100
    assert set(scores["rows"]["model"]) >= {"x", "z", "turn", "z_usual"}
    assert scores["rows"]["random"]["z_usual"] == scores["rows"]["model"]["z_usual"]


@pytest.mark.parametrize("poses", [0, 19])
def test_videos_without_poses_or_with_too_few_are_refused_with_the_reason(tmp_path, poses):
    source = drive(tmp_path / "data" / "a", poses=poses)
    settings = lessup.settings("egomotion-video", str(source), training={"steps": 1, "batch_size": 4})
    with pytest.raises(DataError, match="wanted the folders of KITTI odometry") as refused:
        lessup.train(settings, tmp_path / "run")
    if poses:
        assert "19 rows for 20 frames" in str(refused.value)


@pytest.mark.parametrize("wrong", [{"bins": 3}, {"width": 0.0}, {"crop": 1.5}, {"layer": "fc6"}])
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(UsageError, match=r"wanted|choose another"):
        EgomotionVideo(replace(SMALL, **wrong))
