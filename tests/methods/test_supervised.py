from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from lessup.backbones.magic_init import chain, gradient_ratios
from lessup.errors import DataError, UsageError
from lessup.methods.supervised import COLOUR_DIRECTIONS, COLOUR_POWERS, Supervised, SupervisedConfig, coloured
from lessup.samples.images import Images, Ragged
from lessup.transforms.crops import resize_whole
from lessup.transforms.draws import Draws
from lessup.transforms.dropout import dropout
from lessup.transforms.rand_augment import cut_out, rand_augment
from lessup.transforms.shifts import shifted

SMALL = SupervisedConfig(backbone="alexnet-small-plain", num_classes=3)


@pytest.fixture(scope="module")
def method() -> Supervised:
    torch.manual_seed(0)
    return Supervised(SMALL).eval()


def photographs(count: int = 40, *, tags=None, label=None) -> Images:
    """Smooth random images of several sizes, three classes in turn."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(count, 3, 6, 6, generator=generator)
    arrays = []
    for number, image in enumerate(coarse):
        smooth = F.interpolate(image[None], size=(60 + number % 7, 70), mode="bilinear")[0]
        arrays.append((255 * smooth).permute(1, 2, 0).numpy().astype(np.uint8))
    return Images(
        pixels=Ragged.of(arrays),
        id=np.array([f"{number:03}" for number in range(count)]),
        label=np.arange(count) % 3 if label is None else np.asarray(label),
        classes=("cat", "dog", "emu"),
        group=np.arange(count),
        official=np.full(count, ""),
        fingerprint="generated",
        tags=tags,
    )


def batch_of(samples: Images) -> dict[str, torch.Tensor]:
    return samples.batch(np.arange(len(samples)))


def plain_logits(method: Supervised, batch) -> torch.Tensor:
    """Return float64 logits of whole images, layer by layer."""
    image = resize_whole(batch["image"], batch["extent"], (64, 64))
    return method.classifier(method.backbone((image - 0.5) / 0.25)).double()


@torch.no_grad()
def test_loss_without_training_mode_is_the_plain_cross_entropy_of_the_images_that_have_a_label(method):
    batch = batch_of(photographs(6, label=[0, 1, 2, -1, 1, -1]))
    losses = method.step(batch, Draws.at(0))
    logits, wanted, right = plain_logits(method, batch), 0.0, 0
    for row in (0, 1, 2, 4):
        share = logits[row].exp() / logits[row].exp().sum()
        wanted -= share[batch["label"][row]].log().item() / 4
        right += int(share.argmax() == batch["label"][row])
    assert losses.players["classification"].item() == pytest.approx(wanted, rel=1e-5)
    assert losses.log["accuracy"].item() == 25 * right


@torch.no_grad()
def test_tags_cost_the_binary_cross_entropies_of_the_known_ones_summed_over_classes():
    torch.manual_seed(0)
    tags = np.array([[1, 0, 1], [0, -1, 1]], np.int8)
    method = Supervised(replace(SMALL, target="tags")).eval()
    batch = batch_of(photographs(2, tags=tags))
    losses = method.step(batch, Draws.at(0))
    share = torch.sigmoid(plain_logits(method, batch))
    each = [
        -(share[row, kind] if tags[row, kind] else 1 - share[row, kind]).log().item()
        for row, kind in ((0, 0), (0, 1), (0, 2), (1, 0), (1, 2))
    ]
    right = [bool(share[row, kind] > 0.5) == bool(tags[row, kind]) for row in (0, 1) for kind in range(3)]
    right.pop(4)
    assert losses.players["classification"].item() == pytest.approx(sum(each) / 2, rel=1e-5)
    assert losses.log["accuracy"].item() == pytest.approx(100 * sum(right) / 5)


def test_a_batch_without_any_label_costs_nothing(method):
    losses = method.step(batch_of(photographs(2, label=[-1, -1])), Draws.at(0))
    assert losses.players["classification"].item() == 0
    losses.players["classification"].backward()


@torch.no_grad()
def test_training_drops_outputs_of_fc6_and_of_fc7_and_smooths_labels():
    torch.manual_seed(0)
    method = Supervised(replace(SMALL, lighting=0.0, smoothing=0.3)).train()
    batch = batch_of(photographs(4))
    loss = method.step(batch, Draws.at(7)).players["classification"]
    draws = Draws.at(7)
    image = method.augmented(batch, draws)
    fc6 = dropout(method.backbone.features(image, ("fc6",))["fc6"], 0.5, draws)
    fc7 = dropout(method.backbone.stages["fc7"](fc6), 0.5, draws)
    logs = method.classifier(fc7).log_softmax(1)
    wanted = 0.7 * F.nll_loss(logs, batch["label"]) - 0.3 * logs.mean()
    torch.testing.assert_close(loss, wanted)


def test_a_backbone_without_hidden_layers_is_dropped_at_its_end():
    torch.manual_seed(0)
    method = Supervised(replace(SMALL, backbone="alexnet-bigan-64", lighting=0.0)).train()
    batch = batch_of(photographs(2))
    assert method.classifier.in_features == 1024
    without = Supervised(replace(SMALL, backbone="alexnet-bigan-64", lighting=0.0, dropout=0.0)).train()
    without.load_state_dict(method.state_dict())
    assert (
        not method.step(batch, Draws.at(1))
        .players["classification"]
        .equal(without.step(batch, Draws.at(1)).players["classification"])
    )


def test_colours_move_along_the_published_directions():
    image = torch.rand(3, 3, 5, 4)
    ours = coloured(image, 0.1, Draws.at(3))
    factors = 0.1 * Draws.at(3).normal(3, 3).double().numpy()
    for row in range(3):
        for channel in range(3):
            moved = sum(COLOUR_DIRECTIONS[k][channel] * factors[row, k] * COLOUR_POWERS[k] for k in range(3))
            wanted = image[row, channel].double().numpy() + moved
            np.testing.assert_allclose(ours[row, channel].numpy(), wanted, atol=1e-6)


def test_colour_directions_are_orthonormal():
    directions = np.array(COLOUR_DIRECTIONS)
    np.testing.assert_allclose(directions @ directions.T, np.eye(3), atol=1e-3)


def test_views_of_images_of_other_channels_keep_their_colours():
    method = Supervised(replace(SMALL, channels=2, mirror=0.0, square=1.0))
    batch = {"image": torch.rand(2, 2, 64, 64), "extent": torch.full((2, 2), 64)}
    torch.testing.assert_close(method.augmented(batch, Draws.at(0)), method.prepared(batch))


@pytest.mark.parametrize("crop", ["square", "box"])
def test_views_are_drawn_anew_for_each_image_and_at_each_step(method, crop):
    batch = {"image": torch.rand(1, 3, 80, 90).expand(2, -1, -1, -1), "extent": torch.tensor([[80, 90]] * 2)}
    method = Supervised(replace(SMALL, crop=crop))
    first, second = method.augmented(batch, Draws.at(0, 0)), method.augmented(batch, Draws.at(0, 1))
    assert first.shape == (2, 3, 64, 64)
    assert not first[0].equal(first[1])
    assert not first.equal(second)


def test_rate_of_sgd_is_divided_by_10_after_each_quarter(method):
    schedule = method.optimizations(100)["classification"].schedule
    rates = [0.01 * schedule.lr_lambdas[0](update) for update in (0, 24, 25, 49, 50, 74, 75, 99)]
    assert rates == pytest.approx([1e-2, 1e-2, 1e-3, 1e-3, 1e-4, 1e-4, 1e-5, 1e-5])


def test_rate_of_adam_warms_up_and_falls_to_0():
    schedule = Supervised(replace(SMALL, optimizer="adam")).optimizations(100)["classification"].schedule
    rate = schedule.lr_lambdas[0]
    assert [rate(0), rate(4), rate(100)] == pytest.approx([0.2, 0.996057, 0.0], abs=1e-6)
    assert rate(50) == pytest.approx(0.5)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_weights_decay_and_biases_do_not(optimizer):
    method = Supervised(replace(SMALL, optimizer=optimizer, learning_rate=0.5, weight_decay=0.2))
    with torch.no_grad():
        for parameter in method.parameters():
            parameter.fill_(1.0)
            parameter.grad = torch.zeros_like(parameter)
    optimization = method.optimizations(1)["classification"]
    optimization.optimizer.step()
    assert method.classifier.weight[0, 0].item() == pytest.approx(1 - 0.5 * 0.2)
    assert method.classifier.bias[0].item() == 1


def test_ending_gives_the_scores_back_from_the_pooled_map():
    method = Supervised(SupervisedConfig(backbone="resnet18-small", num_classes=5)).eval()
    image = torch.randn(2, 3, 32, 32)
    ending = method.ending
    assert ending is not None
    assert ending.layer == "layer4"
    pooled = method.backbone.features(image, (ending.layer,))[ending.layer].mean((2, 3))
    torch.testing.assert_close(pooled @ ending.weight.T + ending.bias, method.logits(image))


def test_layers_behind_the_last_map_leave_no_ending(method):
    assert method.ending is None


@pytest.mark.parametrize("layer", ["conv3", "pool5", "fc6", "fc7"])
@torch.no_grad()
def test_scores_go_on_from_any_layer(method, layer):
    image = torch.randn(2, 3, 64, 64)
    found = method.backbone.features(image, (layer,))[layer]
    torch.testing.assert_close(method.logits(found, after=layer), method.logits(image))


def test_configured_takes_channels_classes_and_target_from_the_data():
    config = Supervised.configured(SupervisedConfig(), photographs())
    assert (config.channels, config.num_classes, config.target) == (3, 3, "label")
    tagged = photographs(2, tags=np.ones((2, 3), np.int8), label=[-1, -1])
    assert Supervised.configured(SupervisedConfig(), tagged).target == "tags"


def test_images_without_labels_and_weights_that_are_not_there_are_refused(tmp_path):
    with pytest.raises(DataError, match="0 of 2 images have one, of 3 classes"):
        Supervised.configured(SupervisedConfig(), photographs(2, label=[-1, -1]))
    with pytest.raises(DataError, match=r"no weights at .*none\.pth"):
        Supervised.configured(SupervisedConfig(weights=str(tmp_path / "none.pth")), photographs())


def test_trained_network_reads_images_without_labels_but_not_of_other_channels(method):
    unknown = photographs(4, label=[-1] * 4)
    method.check(unknown)
    grey = replace(unknown, pixels=Ragged.of([np.zeros((8, 8, 1), np.uint8)] * 4))
    with pytest.raises(DataError, match="3 channels; these have 1: read them with --colour"):
        method.check(grey)


def test_logits_are_a_layer(method):
    batch = batch_of(photographs(2))
    assert method.layers[0] == "fc6"
    assert method.encode(batch, "logits").equal(method.classify(batch))
    torch.testing.assert_close(method.classify(batch).double(), plain_logits(method, batch), rtol=1e-4, atol=1e-5)
    with pytest.raises(UsageError, match="no layer 'fc9'"):
        method.encode(batch, "fc9")


@pytest.mark.parametrize("init", ["magic-random", "magic-kmeans"])
def test_magic_init_equalises_the_gradient_ratios_of_all_layers_and_the_classifier(init):
    torch.manual_seed(0)
    method, samples = Supervised(replace(SMALL, init=init)), photographs(80)
    before = method.classifier.weight.clone()
    method.begin(samples, seed=4)
    assert not method.classifier.weight.equal(before)
    operations = chain(method.backbone, method.classifier)
    some = samples.batch(np.sort(np.random.default_rng(4).permutation(80)))
    ratio = gradient_ratios(operations, method.prepared(some), seed=4)
    torch.testing.assert_close(ratio, ratio.mean().expand(8), rtol=0.01, atol=0)
    again = Supervised(replace(SMALL, init=init))
    again.begin(samples, seed=4)
    assert again.classifier.weight.equal(method.classifier.weight)


def test_begin_loads_weights_and_says_what_matched(tmp_path, capsys):
    torch.manual_seed(0)
    values = {name: torch.full_like(value, 0.25) for name, value in Supervised(SMALL).state_dict().items()}
    torch.save(values, tmp_path / "weights.pth")
    method = Supervised(replace(SMALL, weights=str(tmp_path / "weights.pth")))
    before = method.classifier.weight.clone()
    method.begin(photographs(), seed=0)
    assert all(value.eq(0.25).all() for value in method.backbone.parameters())
    assert method.classifier.weight.equal(before)
    assert "14 of 14 weights loaded; 2 not used (classifier.bias, classifier.weight)" in capsys.readouterr().err


def test_trained_weights_are_calibrated_and_keep_their_directions(tmp_path):
    torch.manual_seed(0)
    trained = Supervised(SMALL)
    torch.save(trained.state_dict(), tmp_path / "weights.pth")
    config = replace(SMALL, weights=str(tmp_path / "weights.pth"), init="magic-kmeans")
    method = Supervised(config)
    method.begin(photographs(60), seed=0)
    for name in ("conv1.conv", "conv4.conv", "fc6.linear"):
        old, new = (m.backbone.get_parameter(f"stages.{name}.weight").flatten() for m in (trained, method))
        assert F.cosine_similarity(old, new, dim=0).item() == pytest.approx(1, abs=1e-4)
        assert not old.equal(new)


def test_begin_leaves_a_plain_start_as_it_was_drawn():
    torch.manual_seed(0)
    method = Supervised(SMALL)
    before = torch.cat([p.flatten() for p in method.parameters()])
    method.begin(photographs(3), seed=0)
    assert torch.cat([p.flatten() for p in method.parameters()]).equal(before)


def test_magic_init_of_a_residual_network_is_refused():
    method = Supervised(replace(SMALL, backbone="resnet18-small", init="magic-random"))
    with pytest.raises(UsageError, match="BasicBlock"):
        method.begin(photographs(3), seed=0)


def test_shifted_and_strongly_changed_images_are_those_of_fixmatch():
    torch.manual_seed(0)
    method = Supervised(replace(SMALL, crop="shift", operations=2, cutout=0.5, lighting=0.0, mirror=0.0))
    batch, draws = batch_of(photographs(8)), Draws.at(3)
    whole = resize_whole(batch["image"], batch["extent"], method.backbone.size)
    changed = cut_out(rand_augment(shifted(whole, draws, mirror=0.0), draws), draws)
    assert method.augmented(batch, Draws.at(3)).equal(method.backbone.normalised(changed))
