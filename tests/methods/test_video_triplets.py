"""The siamese network on generated patches, and the way from videos to a run."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from lessup import data, methods, verbs
from lessup.cli import main
from lessup.doctor.fits import method_fits
from lessup.errors import DataError, UsageError
from lessup.methods.video_triplets import VideoTriplets, VideoTripletsConfig, cpu, paper
from lessup.samples.splits import Folds
from lessup.transforms.draws import Draws
from lessup.transforms.triplets import triplets
from lessup.verbs.training import train_on
from toy_video import passing, video

SMALL = VideoTripletsConfig(backbone="alexnet-small", hard_after=2)


def built(config=SMALL):
    torch.manual_seed(0)
    return VideoTriplets(config)


def test_loss_is_that_of_a_plain_loop_over_the_codes_of_one_network():
    method, batch = built().eval(), VideoTriplets.example(8)
    losses = method.step(batch, Draws.at(0))
    code = F.normalize(method.backbone(method.prepared(batch)), eps=1e-6).double()
    assert (code >= 0).all(), "a rectifier comes before the length is set to 1"
    torch.testing.assert_close(code.norm(dim=1), torch.ones(8, dtype=torch.float64))
    chosen = triplets((code @ code.T).float(), batch["pair"], Draws.at(0), margin=0.5, count=4, hardest=0)
    total = 0.0
    for pair in range(4):
        a, p = code[2 * pair], code[2 * pair + 1]
        for n in chosen.negative[pair][chosen.active[pair]].tolist():
            total += max(0.0, 0.5 + (a @ code[n] - a @ p).item()) + max(0.0, 0.5 + (p @ code[n] - a @ p).item())
    assert losses.players["ranking"].item() == pytest.approx(total / (4 * 4 * 2), rel=1e-4)
    assert losses.log["violated"].item() == pytest.approx(100 * chosen.active.double().mean().item())


def test_recall_is_the_share_of_pairs_that_are_nearest_to_one_another():
    method, batch = built().eval(), VideoTriplets.example(8)
    batch["image"][1::2] = batch["image"][::2]
    assert method.step(batch, Draws.at(0)).log["recall"].item() == 100
    batch["pair"] = torch.tensor([0, 1, 1, 2, 2, 3, 3, 0])
    assert method.step(batch, Draws.at(0)).log["recall"].item() == 0


def test_negatives_are_random_at_first_and_then_hard_and_a_resumed_run_knows(monkeypatch):
    from lessup.methods import video_triplets as module

    asked = []

    def noted(*words, **settings):
        asked.append(settings["hardest"])
        return triplets(*words, **settings)

    monkeypatch.setattr(module, "triplets", noted)
    method, batch = built(), VideoTriplets.example(4)
    for step in range(3):
        method.train().step(batch, Draws.at(0, step))
    method.eval().step(batch, Draws.at(0))
    again = built()
    again.load_state_dict(method.state_dict())
    again.step(batch, Draws.at(0))
    assert asked == [0, 0, 2, 2, 2]
    assert int(again.batches) == 4


def test_training_cuts_and_mirrors_and_evaluation_takes_the_middle():
    method, batch = built(replace(SMALL, crop=0.5)), VideoTriplets.example(2)
    batch["image"] = torch.arange(64.0).expand(2, 3, 64, 64) / 64
    middle = method.eval().prepared(batch)
    torch.testing.assert_close(
        middle.mean(), method.scaled(torch.full((1, 3, 1, 1), 31.5 / 64)).mean(), atol=1e-3, rtol=0
    )
    slopes = set()
    for step in range(8):
        view = method._augmented(batch, Draws.at(0, step))
        slopes |= set((view[:, 0, 0, -1] > view[:, 0, 0, 0]).tolist())
        assert (view[:, 0, 0, -1] - view[:, 0, 0, 0]).abs().max() < 0.6 * 4
    assert slopes == {True, False}


def test_published_network_ends_in_1024_rectified_units_and_drops_nothing():
    config = paper().config
    assert (config.margin, config.negatives, config.learning_rate, config.momentum) == (0.5, 4, 1e-3, 0.9)
    assert (paper().training.steps, paper().training.batch_size) == (400_000, 100)
    method = built(config)
    assert method.backbone.shapes["fc7"] == (1024,)
    assert not any(isinstance(part, torch.nn.Dropout) for part in method.modules())
    schedule = method.optimizations(400_000)["ranking"].schedule
    assert schedule is not None
    assert [schedule.lr_lambdas[0](step) for step in (0, 99_999, 100_000)] == pytest.approx([1, 1, 0.1])


@pytest.mark.parametrize("wrong", [{"margin": 0}, {"negatives": 0}, {"hard_after": -1}, {"crop": 1.5}])
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(UsageError, match="wanted above 0, 1 or more"):
        built(replace(SMALL, **wrong))


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    pytest.importorskip("av")
    pytest.importorskip("cv2")
    folder = tmp_path_factory.mktemp("triplets") / "clips"
    folder.mkdir()
    for seed in range(4):
        (folder / f"{seed}.mp4").write_bytes(video(passing(44, seed=seed)[0], crf=10))
    return folder


def test_folder_of_videos_is_mined_trained_on_and_measured(videos, tmp_path, capsys):
    flags = ["--steps", "2", "--batch-size", "4", "--log-every", "1", "--device", "cpu"]
    assert main(["train", "video-triplets", "--data", str(videos), "--out", str(tmp_path / "run"), *flags]) == 0
    said = capsys.readouterr().err
    assert "pairs from 4 of 4 clips" in said
    assert "--protocol verification" in said
    assert main(["evaluate", str(tmp_path / "run"), "--protocol", "verification", "--data", str(videos), "--json"]) == 0
    assert '"model"' in capsys.readouterr().out


def test_one_pair_to_learn_from_is_refused_and_images_are_no_pairs(videos, tmp_path):
    samples = data.load(videos, reads=VideoTriplets.reads)
    one = samples.take(np.flatnonzero(samples.label == 0))
    with pytest.raises(DataError, match="1 pairs of patches to learn from: wanted two or more"):
        built().begin(one, 0)
    assert "pair" not in data.load(videos, reads=("image", "extent")).keys
    settings = verbs.settings("video-triplets", str(videos), folds=Folds(folds=1))
    with pytest.raises(DataError, match=r"video-triplets reads image, extent, pair; .* has image, extent, label"):
        train_on(data.load(videos, reads=("image",)), settings, tmp_path / "run")


def test_doctor_names_it_for_videos_and_not_for_images(videos):
    clips = data.load(videos)
    assert "video-triplets" in method_fits(clips)[0]
    frames = data.load(videos, reads=("image",))
    fitting, fits = method_fits(frames)
    assert "video-triplets" not in fitting
    assert any(fit.name == "video-triplets" and "reads pair, which" in fit.problem for fit in fits)


def test_recipes_hold_out_whole_clips():
    assert paper().folds.whole_classes
    assert cpu().folds.whole_classes
    assert methods.load("video-triplets").together == 2
