"""Class maps equal plain loops, finite differences, one another, and the score where it is their mean."""

import copy
from dataclasses import replace

import pytest
import torch
from torch import nn

from lessup.backbones import Backbone, dense
from lessup.backbones.vit import ClassToken, Patches
from lessup.errors import ShapeError, UsageError
from lessup.masks.class_maps import (
    class_activation_maps,
    class_maps,
    grad_cam,
    resized,
    ten_crop_maps,
    ten_crops,
)
from lessup.methods.cam import CAM, CAMConfig
from lessup.methods.supervised import Supervised, SupervisedConfig

SMALL = CAMConfig(backbone="alexnet-small", num_classes=5)
CLASSES = torch.tensor([[4, 0, 2], [1, 1, 3]])


@pytest.fixture(scope="module")
def cam() -> CAM:
    """A network with average pooling."""
    torch.manual_seed(0)
    network = CAM(SMALL).eval()
    network.classifier.bias.data.normal_()
    return network


@pytest.fixture(scope="module")
def hidden() -> Supervised:
    """A network with hidden layers behind its last map, in float64."""
    torch.manual_seed(0)
    return Supervised(SupervisedConfig(backbone="alexnet-small-plain", num_classes=5)).double().eval()


@pytest.fixture(scope="module")
def transformer() -> Supervised:
    """Two blocks on patches of 4 pixels, in float64; its scores are read off the class token."""
    torch.manual_seed(0)
    place = nn.Parameter(torch.randn(1, 1 + 3 * 3, 8))
    stages = {
        "patches": Patches(nn.Conv2d(3, 8, 4, stride=4), nn.Parameter(torch.randn(1, 1, 8)), place),
        "block1": nn.TransformerEncoderLayer(8, 2, 16, batch_first=True),
        "block2": nn.TransformerEncoderLayer(8, 2, 16, batch_first=True),
        "norm": nn.LayerNorm(8),
        "cls": ClassToken(),
    }
    return with_backbone(Backbone(stages, side=12, channels=3, default="cls"), classes=5).double().eval()


def with_backbone(backbone: Backbone, classes: int) -> Supervised:
    network = Supervised(SupervisedConfig(backbone="alexnet-small", num_classes=2))
    network.backbone, network.classifier = backbone, nn.Linear(*backbone.shapes[backbone.layers[-1]], classes)
    return network.eval()


def seeing(*parts: nn.Module, side: int) -> Supervised:
    """Pools what some modules make of the pixels themselves."""
    torch.manual_seed(0)
    stages = {"map": nn.Sequential(*parts), "pool": nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())}
    return with_backbone(Backbone(stages, side=side, channels=3, default="pool"), classes=2)


def bilinear(values, size):
    """Enlarge rows of numbers, in plain loops: the centres of equal parts of the same square, the border repeated."""
    (high, wide), (height, width) = (len(values), len(values[0])), size

    def near(number, length, short):
        at = min(max((number + 0.5) * short / length - 0.5, 0), short - 1)
        first = min(int(at), max(short - 2, 0))
        return first, min(first + 1, short - 1), at - first

    found = [[0.0] * width for _ in range(height)]
    for y in range(height):
        top, bottom, down = near(y, height, high)
        for x in range(width):
            left, right, across = near(x, width, wide)
            upper = (1 - across) * values[top][left] + across * values[top][right]
            lower = (1 - across) * values[bottom][left] + across * values[bottom][right]
            found[y][x] = (1 - down) * upper + down * lower
    return found


@pytest.mark.parametrize("pooling", ["gap", "gmp"])
@torch.no_grad()
def test_activation_map_is_the_sum_of_channels_weighed_as_the_class_weighs_them(pooling):
    torch.manual_seed(0)
    network = CAM(replace(SMALL, pooling=pooling)).eval()
    image = torch.randn(2, 3, 96, 64)
    maps = class_activation_maps(network, image, CLASSES)
    last = network.backbone.features(image, ("pool5",))["pool5"].double()
    weight = network.classifier.weight.double()
    assert maps.shape == (2, 3, 6, 4)
    for row in range(2):
        for number, kind in enumerate(CLASSES[row].tolist()):
            wanted = torch.zeros(6, 4, dtype=torch.float64)
            for channel in range(128):
                wanted += weight[kind, channel] * last[row, channel]
            torch.testing.assert_close(maps[row, number].double(), wanted, rtol=1e-4, atol=1e-6)
    assert (maps < 0).any()


def test_mean_of_an_activation_map_and_the_bias_are_the_score(cam):
    image = torch.randn(2, 3, 64, 96)
    maps = class_activation_maps(cam, image, CLASSES)
    scores = cam.logits(image).gather(1, CLASSES)
    torch.testing.assert_close(maps.mean((2, 3)) + cam.classifier.bias[CLASSES], scores)


def test_several_classes_of_one_image_are_those_asked_for_one_by_one(cam, hidden):
    image = torch.randn(2, 3, 64, 64)
    for network in (cam, hidden):
        pixels = image.to(network.classifier.weight.dtype)
        together = class_maps(network, pixels, CLASSES)
        for number in range(3):
            alone = class_maps(network, pixels, CLASSES[:, number : number + 1])
            torch.testing.assert_close(together[:, number], alone[:, 0])


@pytest.mark.parametrize("layer", [None, "conv3"])
def test_weights_of_grad_cam_are_how_the_score_changes_when_a_whole_channel_does(hidden, layer):
    image, name = torch.randn(2, 3, 64, 64).double(), layer or "pool5"
    maps = grad_cam(hidden, image, CLASSES, layer)
    with torch.no_grad():
        last = hidden.backbone.features(image, (name,))[name]
        step = 1e-6 * torch.eye(last.shape[1]).double()[:, :, None, None]  # one channel a row
        for row in range(2):
            more, less = (hidden.logits(last[row] + way * step, after=name) for way in (1, -1))
            change = (more - less) / 2e-6 / last[0, 0].numel()  # (C, K)
            for number, kind in enumerate(CLASSES[row].tolist()):
                wanted = sum(change[channel, kind] * last[row, channel] for channel in range(last.shape[1]))
                torch.testing.assert_close(maps[row, number], wanted.clamp(min=0), rtol=1e-4, atol=1e-8)
    assert maps.any()


def test_weights_of_grad_cam_on_tokens_are_how_the_score_changes_with_those_of_all_patches(transformer):
    image = torch.randn(2, 3, 8, 20).double()  # 2 x 5 patches, where 3 x 3 were learnt
    maps = grad_cam(transformer, image, CLASSES)
    assert maps.shape == (2, 3, 2, 5)
    with torch.no_grad():
        tokens = transformer.backbone.features(image, ("block1",))["block1"]
        step = 1e-6 * torch.eye(8).double()[:, None].expand(-1, 11, -1).clone()
        step[:, 0] = 0  # the class token lies nowhere
        for row in range(2):
            more, less = (transformer.logits(tokens[row] + way * step, after="block1") for way in (1, -1))
            change = (more - less) / 2e-6 / 10
            for number, kind in enumerate(CLASSES[row].tolist()):
                for patch in range(10):
                    wanted = sum(change[d, kind] * tokens[row, 1 + patch, d] for d in range(8)).clamp(min=0)
                    found = maps[row, number, patch // 5, patch % 5]
                    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-8)
    assert maps.any()


def test_activation_maps_of_tokens_lie_where_the_patches_are(transformer):
    backbone = dense.pooled(copy.deepcopy(transformer.backbone).float(), "gap")
    network = with_backbone(backbone, classes=5).double()
    image = torch.randn(2, 3, 8, 20).double()
    maps = class_activation_maps(network, image, CLASSES)
    tokens = backbone.features(image, ("norm",))["norm"]
    wanted = tokens[1, 1 + 5 * 1 + 3] @ network.classifier.weight[3]  # the second row, fourth column
    assert maps.shape == (2, 3, 2, 5)
    assert maps[1, 2, 1, 3].item() == pytest.approx(wanted.item())
    scores = network.logits(image).gather(1, CLASSES)
    torch.testing.assert_close(maps.mean((2, 3)) + network.classifier.bias[CLASSES], scores)


def test_grad_cam_of_average_pooling_is_the_activation_map_above_0_over_its_places(cam):
    image = torch.randn(2, 3, 64, 64)
    wanted = class_activation_maps(cam, image, CLASSES).clamp(min=0) / 16
    torch.testing.assert_close(grad_cam(cam, image, CLASSES), wanted)


def test_the_ending_decides_which_maps_are_made(cam, hidden):
    image = torch.randn(2, 3, 64, 64)
    assert class_maps(cam, image, CLASSES).equal(class_activation_maps(cam, image, CLASSES))
    assert class_maps(hidden, image.double(), CLASSES).equal(grad_cam(hidden, image.double(), CLASSES))
    with pytest.raises(UsageError, match="does not end in pooling"):
        class_activation_maps(hidden, image.double(), CLASSES)


def left_alive(run) -> tuple[int, torch.Tensor]:
    """Bytes that a call takes and does not give back, and its result."""
    cpu = torch.profiler.ProfilerActivity.CPU
    with torch.profiler.profile(activities=[cpu], profile_memory=True) as profile:
        result = run()
    return sum(event.self_cpu_memory_usage for event in profile.key_averages()), result


@pytest.mark.parametrize("maps", [grad_cam, class_maps])
def test_nothing_is_left_of_a_call_but_the_maps(cam, maps):
    image = torch.randn(2, 3, 64, 64)
    taken, found = left_alive(lambda: maps(cam, image, CLASSES))
    assert taken == found.untyped_storage().nbytes() == 4 * 2 * 3 * 4 * 4
    assert found.grad_fn is None
    assert all(weight.grad is None and weight.requires_grad for weight in cam.parameters())
    assert not any(module._forward_hooks or module._backward_hooks for module in cam.modules())
    assert not image.requires_grad
    taken, scores = left_alive(lambda: cam.logits(image))  # whose graph stays
    assert taken > 1000 * scores.untyped_storage().nbytes()


def test_gradients_that_training_has_collected_stay_as_they_are(cam):
    image = torch.randn(2, 3, 64, 64)
    for weight in cam.parameters():
        weight.grad = torch.ones_like(weight)
    grad_cam(cam, image, CLASSES)
    assert all(weight.grad.eq(1).all() for weight in cam.parameters())
    cam.zero_grad()


@pytest.mark.parametrize("mode", [torch.inference_mode, torch.no_grad])
def test_grad_cam_needs_no_gradients_around_it(hidden, mode):
    image = torch.randn(2, 3, 64, 64).double()
    with mode():
        found = grad_cam(hidden, image * 1, CLASSES)
    assert found.equal(grad_cam(hidden, image, CLASSES))


@pytest.mark.parametrize("maps", [grad_cam, class_activation_maps])
def test_what_cannot_be_asked_is_refused(cam, maps):
    image = torch.randn(2, 3, 64, 64)
    for classes in (CLASSES[:1], CLASSES[:, 0], CLASSES.float(), CLASSES[:, :0]):
        with pytest.raises(ShapeError, match=r"for 2 images: wanted int64 \(B, n\), n >= 1"):
            maps(cam, image, classes)
    for wrong in (-1, 5):
        with pytest.raises(UsageError, match="the network has 0 to 4"):
            maps(cam, image, torch.tensor([[0], [wrong]]))
    cam.train()
    with pytest.raises(UsageError, match=r"call eval\(\)"):
        maps(cam, image, CLASSES)
    cam.eval()


def test_a_layer_that_is_no_map_is_refused(hidden):
    image = torch.randn(2, 3, 64, 64).double()
    with pytest.raises(UsageError, match="no places"):
        grad_cam(hidden, image, CLASSES, "fc6")
    with pytest.raises(UsageError, match="no layer 'conv9'"):
        grad_cam(hidden, image, CLASSES, "conv9")


def test_maps_are_brought_to_each_images_own_size_bilinearly():
    maps = torch.randn(2, 3, 4, 5)
    found = resized(maps, torch.tensor([[9, 7], [4, 20]]))
    assert [one.shape for one in found] == [(3, 9, 7), (3, 4, 20)]
    for row, size in ((0, (9, 7)), (1, (4, 20))):
        for number in range(3):
            wanted = torch.tensor(bilinear(maps[row, number].tolist(), size))
            torch.testing.assert_close(found[row][number], wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("side", "frame", "far", "middle"), [(224, 256, 32, 16), (227, 256, 29, 15), (32, 32, 0, 0)])
def test_crops_are_the_corners_the_middle_and_their_mirror_images(side, frame, far, middle):
    network = seeing(side=side)
    rows, columns = torch.meshgrid(torch.arange(frame), torch.arange(frame), indexing="ij")
    image = torch.stack([rows, columns, rows])[None] / frame
    crops = ten_crops(network, {"image": image, "extent": torch.tensor([[frame, frame]])}, frame=frame)
    assert crops.shape == (1, 10, 3, side, side)
    pixel = (crops[0, :, :2] * 0.25 + 0.5) * frame
    tops, lefts = pixel[:5, :, 0, 0].round().int().T.tolist()
    assert tops == [0, 0, far, far, middle]
    assert lefts == [0, far, 0, far, middle]
    assert crops[:, 5:].equal(crops[:, :5].flip(4))


def test_maps_of_crops_are_summed_without_signs_where_the_crops_lie():
    network = seeing(nn.AvgPool2d(2), side=6)
    image, classes = torch.rand(2, 3, 8, 8), torch.tensor([[1], [0]])
    found = ten_crop_maps(network, {"image": image, "extent": torch.tensor([[8, 8]] * 2)}, classes, frame=8)
    weight = network.classifier.weight.double()
    for row in range(2):
        seen = ((image[row].double() - 0.5) / 0.25 * weight[classes[row, 0]][:, None, None]).sum(0)
        wanted = torch.zeros(8, 8, dtype=torch.float64)
        for top, left in ((0, 0), (0, 2), (2, 0), (2, 2), (1, 1)):
            crop = seen[top : top + 6, left : left + 6]
            coarse = [[crop[2 * y : 2 * y + 2, 2 * x : 2 * x + 2].mean().item() for x in range(3)] for y in range(3)]
            fine = torch.tensor(bilinear(coarse, (6, 6)), dtype=torch.float64).abs()
            wanted[top : top + 6, left : left + 6] += 2 * fine  # a mirrored crop, turned back, shows the same
        torch.testing.assert_close(found[row, 0].double(), wanted, rtol=1e-4, atol=1e-5)


def test_corners_are_covered_by_two_crops_and_the_middle_by_ten():
    network = seeing(side=6)
    network.classifier.weight.data.fill_(1.0)
    batch = {"image": torch.ones(1, 3, 5, 9), "extent": torch.tensor([[5, 9]])}
    maps = ten_crop_maps(network, batch, torch.tensor([[0]]), frame=8)[0, 0]
    assert maps.shape == (8, 8)
    assert [maps[place, place].item() for place in (0, 1, 2, 4)] == pytest.approx([12, 24, 60, 60])


def test_crops_that_do_not_fit_are_refused():
    batch = {"image": torch.ones(1, 3, 5, 9), "extent": torch.tensor([[5, 9]])}
    with pytest.raises(UsageError, match="crops of 6 pixels do not fit into a frame of 5"):
        ten_crop_maps(seeing(side=6), batch, torch.tensor([[0]]), frame=5)
