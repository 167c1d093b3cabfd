"""Saliency equals finite differences, and leaves the network as it was."""

import pytest
import torch
from torch import nn

from lessup.errors import ShapeError, UsageError
from lessup.masks.gradient_saliency import class_model_image, classifier_saliency, gradient_saliency
from lessup.methods.supervised import Supervised, SupervisedConfig
from lessup.transforms.crops import resize_whole


@pytest.fixture
def network():
    torch.manual_seed(0)
    layers = nn.Conv2d(2, 4, 3, padding=1), nn.Tanh(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(16, 3)
    return nn.Sequential(*layers).double().eval()


def images(batch=2, size=(6, 7)):
    return torch.randn(batch, 2, *size, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def differences(network, image, number):
    """Return the (H, W) largest magnitude of central differences of one class's score in a (C, H, W) image."""
    slope, step = torch.zeros_like(image), 1e-5
    for place in torch.cartesian_prod(*map(torch.arange, image.shape)).tolist():
        moved = torch.zeros_like(image)
        moved[tuple(place)] = step
        with torch.no_grad():
            ends = network(torch.stack([image + moved, image - moved]))[:, number]
        slope[tuple(place)] = (ends[0] - ends[1]) / (2 * step)
    return slope.abs().max(0).values


def test_one_pass_equals_finite_differences_for_every_class_asked_for(network):
    image, classes = images(), torch.tensor([[2, 0], [1, 2]])
    found = gradient_saliency(network, image, classes)
    for row in range(2):
        for place, number in enumerate(classes[row].tolist()):
            torch.testing.assert_close(found[row, place], differences(network, image[row], number))


def test_ten_sub_images_equal_plain_loops_over_crops(network):
    image, (height, width) = images(1, (7, 9))[0], (5, 6)
    total, times = torch.zeros(2, 7, 9, dtype=torch.float64)
    for top, left in ((0, 0), (0, 3), (2, 0), (2, 3), (1, 1)):
        for mirror in (False, True):
            part = image[:, top : top + height, left : left + width]
            saliency = differences(network, part.flip(2) if mirror else part, 1)
            saliency = saliency.flip(1) if mirror else saliency
            for y in range(height):
                for x in range(width):
                    total[top + y, left + x] += saliency[y, x]
                    times[top + y, left + x] += 1
    found = gradient_saliency(network, image[None], torch.tensor([[1]]), size=(height, width))
    torch.testing.assert_close(found[0, 0], total / times)


def test_a_mirrored_image_gives_the_mirrored_map_of_ten_sub_images(network):
    image, classes = images(2, (7, 9)), torch.tensor([[0], [2]])
    straight = gradient_saliency(network, image, classes, size=(5, 7))
    torch.testing.assert_close(gradient_saliency(network, image.flip(3), classes, size=(5, 7)).flip(3), straight)


def test_sub_images_as_large_as_the_image_average_it_and_its_mirror_image(network):
    image, classes = images(), torch.tensor([[1], [1]])
    mirror = gradient_saliency(network, image.flip(3), classes).flip(3)
    wanted = (gradient_saliency(network, image, classes) + mirror) / 2
    torch.testing.assert_close(gradient_saliency(network, image, classes, size=(6, 7)), wanted)


def test_pixels_that_no_sub_image_reaches_have_no_saliency(network):
    found = gradient_saliency(network, images(1, (9, 9)), torch.tensor([[0]]), size=(3, 3))
    assert (found[0, 0, 0, 3:6] == 0).all()
    assert (found[0, 0, 0, :3] > 0).all()


def test_a_score_added_to_all_classes_shows_though_a_softmax_would_hide_it(network):
    image, classes = images(1), torch.tensor([[1]])
    raised = gradient_saliency(lambda x: network(x) + 10 * x.sum((1, 2, 3))[:, None], image, classes)
    assert (raised > gradient_saliency(network, image, classes)).all()


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_weights_images_and_callers_without_gradients_stay_as_they_are(network, mode):
    image, classes = images(), torch.tensor([[2, 0], [1, 2]])
    wanted = gradient_saliency(network, image, classes)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    with mode():
        found = gradient_saliency(network, images(), classes)
        gradient_saliency(network, images(), classes, size=(5, 5))
    assert found.equal(wanted)
    assert not found.requires_grad
    assert image.grad is None
    for name, value in network.named_parameters():
        assert value.grad is None
        assert value.requires_grad
        assert value.equal(before[name])


def test_no_class_has_no_saliency(network):
    found = gradient_saliency(network, images(), torch.tensor([[1, -1], [-1, -1]]))
    assert found[0, 0].any()
    assert not found[0, 1].any()
    assert not found[1].any()
    assert gradient_saliency(network, images(), torch.zeros(2, 0, dtype=torch.int64)).shape == (2, 0, 6, 7)


def test_an_image_of_one_pixel_passes():
    assert gradient_saliency(lambda x: 3 * x.flatten(1), torch.ones(1, 1, 1, 1), torch.tensor([[0]])).item() == 3


@pytest.mark.parametrize(
    ("image", "classes", "size", "told"),
    [
        (torch.zeros(2, 6, 7), torch.zeros(2, 1, dtype=torch.int64), None, "wanted floating .B, C, H, W."),
        (images().byte(), torch.zeros(2, 1, dtype=torch.int64), None, "uint8"),
        (images(), torch.zeros(2, dtype=torch.int64), None, "wanted int64 .B, M."),
        (images(), torch.zeros(3, 1, dtype=torch.int64), None, "for 2 images"),
        (images(), torch.zeros(2, 1), None, "float32"),
        (images(), torch.zeros(2, 1, dtype=torch.int64), (7, 7), "wanted smaller ones"),
    ],
)
def test_other_shapes_are_refused(network, image, classes, size, told):
    with pytest.raises(ShapeError, match=told):
        gradient_saliency(network, image, classes, size=size)


def test_a_class_that_the_network_does_not_have_is_refused(network):
    with pytest.raises(UsageError, match="class 3: the network has 0 to 2"):
        gradient_saliency(network, images(), torch.tensor([[3], [0]]))


def test_ten_crops_of_a_classifier_are_its_side_out_of_eight_sevenths_of_it():
    torch.manual_seed(0)
    method = Supervised(SupervisedConfig(backbone="alexnet-small-plain", num_classes=3)).eval()
    batch, classes = method.example(2), torch.tensor([[0, 1], [2, -1]])
    whole = classifier_saliency(method, batch, classes, num_crops=1)
    assert whole.equal(gradient_saliency(method.logits, method.prepared(batch), classes))
    assert whole.shape == (2, 2, 64, 64)
    larger = method.scaled(resize_whole(batch["image"], batch["extent"], (73, 73)))
    wanted = gradient_saliency(method.logits, larger, classes, size=(64, 64))
    assert classifier_saliency(method, batch, classes).equal(wanted)
    assert all(weight.grad is None for weight in method.parameters())


def test_a_classifier_in_training_mode_is_refused():
    method = Supervised(SupervisedConfig(backbone="alexnet-small-plain", num_classes=3))
    with pytest.raises(UsageError, match="eval"):
        classifier_saliency(method, method.example(2), torch.tensor([[0], [1]]))


def test_class_model_image_of_a_linear_score_is_the_closed_form():
    """Where S = w . I, the best image is w / (2 lambda)."""
    weight = torch.randn(3, 2, 4, 5, generator=torch.Generator().manual_seed(0))
    mean = torch.rand(2, 4, 5)

    def scores(image):
        return torch.einsum("kchw,bchw->bk", weight, image)

    found = class_model_image(scores, mean, 1, decay=0.25, learning_rate=0.5, num_steps=60)
    torch.testing.assert_close(found, mean + weight[1] / 0.5)


def test_class_model_image_raises_the_score_that_it_pays_for(network):
    mean = images(1)[0]
    decay, found = 0.01, class_model_image(network, mean, 2, decay=0.01, learning_rate=1.0, num_steps=50)
    with torch.no_grad():
        start, end = network(torch.stack([mean, found]))[:, 2]
    assert end - decay * (found - mean).square().sum() > start
    assert all(weight.grad is None for weight in network.parameters())
