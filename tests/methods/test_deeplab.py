from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from lessup import backbones
from lessup.backbones import Backbone, vgg
from lessup.backbones.dilation import dilated
from lessup.errors import DataError
from lessup.methods.deeplab import AtrousPyramid, DeepLab, DeepLabConfig, LargeFOV
from lessup.samples.images import Images, Ragged
from lessup.transforms.draws import Draws
from lessup.transforms.windows import cut_windows, random_windows

SMALL = DeepLabConfig(backbone="alexnet-small", width=16, reach=2, num_classes=2, crop=49)


def built(config: DeepLabConfig) -> DeepLab:
    torch.manual_seed(0)
    method = DeepLab(config).eval()
    nn.init.normal_(method.score.weight)
    return method


@pytest.fixture(scope="module")
def method() -> DeepLab:
    return built(SMALL)


def photographs() -> Images:
    """Three images of different sizes: a bright thing of one class each, and an image without a mask."""
    rng = np.random.default_rng(0)
    pixels, masks = [], []
    for number, (height, width) in enumerate(((40, 56), (64, 33), (50, 50))):
        image, mask = rng.integers(0, 60, (height, width, 3)), np.zeros((height, width, 1))
        image[10:30, 8:28, number % 2] += 190
        mask[10:30, 8:28] = 1 + number % 2
        pixels.append(image.astype(np.uint8))
        masks.append((np.full_like(mask, 255) if number == 2 else mask).astype(np.uint8))
    return Images(
        pixels=Ragged.of(pixels),
        id=np.array(["a", "b", "c"]),
        label=np.full(3, -1),
        classes=("red", "green"),
        group=np.arange(3),
        official=np.full(3, ""),
        fingerprint="generated",
        masks=Ragged.of(masks),
    )


@torch.no_grad()
def test_loss_is_the_mean_cross_entropy_of_the_places_whose_pixel_counts(method):
    batch = photographs().batch([0, 1, 2])
    batch["mask"][0, :, 30:] = -1
    losses = method.step(batch, Draws.at(3))
    draws = Draws.at(3)
    corner, mirror = random_windows(batch["extent"], 49, draws), draws.uniform(3) < 0.5
    image, mask = (
        cut_windows(batch[key], batch["extent"], corner, (49, 49), mirror=mirror) for key in ("image", "mask")
    )
    scores = method.score(method.head(method.backbone((image - 0.5) / 0.25), None)).double()
    total, right, counted = 0.0, 0, 0
    for row in range(3):
        for i in range(scores.shape[2]):
            for j in range(scores.shape[3]):
                y, x = (min(round(method.grid.start + 8 * place), 48) for place in (i, j))
                truth = int(mask[row, y, x])
                if truth < 0:
                    continue
                share = scores[row, :, i, j].exp() / scores[row, :, i, j].exp().sum()
                total, right, counted = (
                    total - share[truth].log().item(),
                    right + int(share.argmax() == truth),
                    counted + 1,
                )
    assert 20 < counted < 3 * scores.shape[2] * scores.shape[3]
    assert losses.players["segmentation"].item() == pytest.approx(total / counted, rel=1e-4)
    assert losses.log["pixel_accuracy"].item() == pytest.approx(100 * right / counted, rel=1e-5)


@torch.no_grad()
def test_batch_without_a_pixel_that_counts_costs_nothing(method):
    assert method.step(photographs().batch([2, 2]), Draws.at(0)).players["segmentation"] == 0


@torch.no_grad()
def test_what_is_found_in_an_image_does_not_depend_on_the_others_of_its_batch(method):
    images = photographs()
    together = method.probabilities(images.batch([0, 1, 2]))
    for row, (height, width) in enumerate(images.pixels.extent.tolist()):
        alone = method.probabilities(images.batch([row]))[0]
        assert alone.shape == (3, height, width)
        torch.testing.assert_close(alone, together[row, :, :height, :width], rtol=0, atol=1e-5)
        torch.testing.assert_close(alone.sum(0), torch.ones(height, width))
        assert together[row].sum() == pytest.approx(height * width, rel=1e-4)


@torch.no_grad()
def test_scores_at_the_pixels_of_places_are_those_of_the_places(method):
    image = torch.rand(1, 3, 49, 49)
    batch = {"image": image, "extent": torch.tensor([[49, 49]])}
    wanted = method.score(method.head(method.backbone((image - 0.5) / 0.25), None)).softmax(1)
    found = method.probabilities(batch)
    places = [int(method.grid.start) + 8 * number for number in range(wanted.shape[2]) if 6 + 8 * number < 49]
    among = wanted[:, :, : len(places), : len(places)]
    torch.testing.assert_close(found[:, :, places][:, :, :, places], among, rtol=1e-4, atol=1e-5)


def test_it_learns_the_masks_of_one_batch_and_marks_what_lies_beyond_an_image():
    method, batch = (
        built(replace(SMALL, optimizer="adamw", learning_rate=3e-3, dropout=0.1)),
        photographs().batch([0, 1]),
    )
    optimizer = method.train().optimizations(40)["segmentation"].optimizer
    for number in range(40):
        optimizer.zero_grad()
        method.step(batch, Draws.at(0, number)).players["segmentation"].backward()
        optimizer.step()
    with torch.no_grad():
        found = method.eval().segment(batch)
    counted = batch["mask"] >= 0
    assert (found[~counted] == -1).all()
    assert (found == batch["mask"])[counted].double().mean() > 0.85
    assert {1, 2} <= set(found.unique().tolist())


@torch.no_grad()
def test_fc6_looks_at_nine_places_as_far_apart_as_its_reach():
    torch.manual_seed(0)
    head, x = LargeFOV(3, 4, reach=2, share=0.5), torch.rand(1, 3, 9, 7)
    hidden = torch.zeros(4, dtype=torch.float64)
    for out in range(4):
        for a in range(3):
            for b in range(3):
                hidden[out] += (head.fc6.weight[out, :, a, b] * x[0, :, 4 + 2 * (a - 1), 3 + 2 * (b - 1)]).sum()
    wanted = (head.fc7.weight[:, :, 0, 0].double() @ hidden.relu()).relu()
    torch.testing.assert_close(head(x, None)[0, :, 4, 3].double(), wanted, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_head_of_2017_computes_what_torchvisions_does():
    from torchvision.models.segmentation.deeplabv3 import DeepLabHead

    torch.manual_seed(0)
    ours, theirs = AtrousPyramid(8, 0.5).eval(), DeepLabHead(8, 5).eval()
    theirs[0].load_state_dict(ours.pyramid.state_dict())
    theirs[1].load_state_dict(ours.convolution[0].state_dict())
    theirs[2].load_state_dict(ours.convolution[1].state_dict())
    x = torch.randn(2, 8, 9, 11)
    torch.testing.assert_close(theirs[4](ours(x, None)), theirs(x))
    assert DeepLab(replace(SMALL, head="v3")).score.in_channels == 256


def test_published_solver_divides_the_rate_by_ten_every_quarter_and_learns_scores_faster(method):
    optimization = method.optimizations(8)["segmentation"]
    rates = []
    for _ in range(8):
        rates.append([group["lr"] for group in optimization.optimizer.param_groups])
        optimization.optimizer.step()
        optimization.schedule.step()
    np.testing.assert_allclose(rates[::2], np.outer([1e-3, 1e-4, 1e-5, 1e-6], [1, 10, 20]), rtol=1e-6)
    np.testing.assert_allclose(rates[1::2], rates[::2])
    assert all(
        group["momentum"] == 0.9 and group["weight_decay"] == 5e-4 for group in optimization.optimizer.param_groups
    )


def test_data_fills_in_classes_and_channels_and_keeps_crops_from_being_larger_than_its_images():
    config = DeepLab.configured(DeepLabConfig(), photographs())
    assert (config.num_classes, config.channels, config.crop) == (2, 3, 65)
    assert DeepLab.configured(replace(SMALL, crop=41), photographs()).crop == 41
    with pytest.raises(DataError, match="no weights at nowhere"):
        DeepLab.configured(replace(SMALL, weights="nowhere.pth"), photographs())


def test_trained_network_reads_images_without_masks_but_not_of_other_channels(method):
    gone = built(SMALL)
    gone.config = replace(SMALL, weights="deleted.pth")
    gone.check(replace(photographs(), masks=None))
    grey = Ragged.of([np.zeros((9, 9, 1), np.uint8)] * 3)
    with pytest.raises(DataError, match="images of 3 channels; these have 1"):
        method.check(replace(photographs(), masks=None, pixels=grey))


@torch.no_grad()
def test_published_crops_of_321_pixels_give_maps_of_41_places_on_vgg():
    stages = vgg.convolutions(3) | {"pool5": nn.MaxPool2d(2)}
    fine, grid = dilated(Backbone(stages, side=32, channels=3, default="pool5"))
    assert fine(torch.zeros(1, 3, 65, 65)).shape == (1, 512, 9, 9)
    assert grid.pixels(41, 321).tolist() == [*range(0, 321, 8)]
    pools = [part for part in fine.modules() if isinstance(part, nn.MaxPool2d)]
    assert [(pool.kernel_size, pool.stride) for pool in pools] == [(3, 2), (3, 2), (3, 2), (3, (1, 1)), (3, (1, 1))]
    assert fine.stages["conv5"].conv5_3.dilation == (2, 2)


def test_it_begins_with_the_weights_of_a_file_that_another_network_was_trained_for(tmp_path, capsys):
    torch.manual_seed(1)
    trained = backbones.build("alexnet-small", channels=3)
    save_file(trained.state_dict(), tmp_path / "trained.safetensors")
    method = built(replace(SMALL, weights=str(tmp_path / "trained.safetensors")))
    method.begin(photographs(), seed=0)
    own = method.backbone.state_dict()
    assert all(value.equal(trained.state_dict()[name]) for name, value in own.items())
    assert "weights loaded" in capsys.readouterr().err
