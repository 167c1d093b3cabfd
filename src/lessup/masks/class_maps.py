"""Class maps say where in an image the evidence for a class lies, read off a network that was told no place.

Two ways: class activation maps, of Bolei Zhou, Aditya Khosla, Agata Lapedriza, Aude Oliva, Antonio Torralba, *Learning
Deep Features for Discriminative Localization*, 2016, <https://arxiv.org/abs/1512.04150>, for a network that ends in
pooling and a linear layer; and Grad-CAM, of Ramprasaath R. Selvaraju, Michael Cogswell, Abhishek Das, Ramakrishna
Vedantam, Devi Parikh, Dhruv Batra, *Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization*,
2017, <https://arxiv.org/abs/1610.02391>, for any other. The tokens of a transformer are maps of its patches.

No function changes the network, and none keeps anything of it.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from lessup.backbones import dense
from lessup.errors import ShapeError, UsageError
from lessup.methods import Classifier
from lessup.samples import Batch
from lessup.transforms.crops import resize_whole

FRAME = 256
"""Pixels on each side to which the release brings an image before it cuts crops of 224 or 227."""


def class_maps(classifier: Classifier, image: Tensor, classes: Tensor) -> Tensor:
    """Return class activation maps where the network's ending allows, Grad-CAM where it does not.

    Args:
        classifier: in ``eval`` mode.
        image: (B, C, H, W) as ``classifier.prepared`` gives it, of any size that the network reads.
        classes: (B, n) int64, those asked of each image, 0 <= class < K.

    Returns:
        (B, n, h, w) at the places of the network's last map.

    Raises:
        ShapeError: the classes are no int64 (B, n) with n >= 1.
        UsageError: the network is in training mode, has no map, or has no such class.

    >>> from lessup.methods.cam import CAM, CAMConfig
    >>> network = CAM(CAMConfig(backbone="alexnet-small", num_classes=7)).eval()
    >>> class_maps(network, torch.rand(1, 3, 64, 96), torch.tensor([[2, 6]])).shape
    torch.Size([1, 2, 4, 6])
    """
    maps = grad_cam if classifier.ending is None else class_activation_maps
    return maps(classifier, image, classes)


@torch.no_grad()
def class_activation_maps(classifier: Classifier, image: Tensor, classes: Tensor) -> Tensor:
    """Weigh the map that a network pools as its linear layer weighs the pooled numbers.

    All classes come from one pass. With average pooling, the mean of a map and the class's bias are its score.

    Args:
        classifier: in ``eval`` mode; it pools its last map, by mean or maximum.
        image: (B, C, H, W) as ``classifier.prepared`` gives it.
        classes: (B, n) int64, those asked of each image.

    Returns:
        (B, n, h, w) of either sign: places that speak against a class are negative. No gradient flows.

    Raises:
        ShapeError: the classes are no int64 (B, n) with n >= 1.
        UsageError: the network is in training mode, does not end in pooling, or has no such class.

    Source: Zhou et al. 2016, eq. 2.
    """
    _check(classifier, image, classes)
    ending = classifier.ending
    if ending is None:
        raise UsageError("this network does not end in pooling and a linear layer: use grad_cam, or train cam")
    features = classifier.backbone.features(image, (ending.layer,))[ending.layer]
    places = dense.as_map(classifier.backbone, features, (image.shape[2], image.shape[3]))
    return torch.einsum("bnc,bchw->bnhw", ending.weight[classes], places)


def grad_cam(classifier: Classifier, image: Tensor, classes: Tensor, layer: str | None = None) -> Tensor:
    """Weigh the channels of a map by the mean gradient of a class's score, and keep what is positive.

    The map is computed once and without gradients; these go back from the scores to the map alone. A network that ends
    in average pooling gives its class activation maps, cut at 0 and divided by the number of places.

    Args:
        classifier: in ``eval`` mode.
        image: (B, C, H, W) as ``classifier.prepared`` gives it.
        classes: (B, n) int64, those asked of each image.
        layer: whose map it is; the deepest all of whose places still count if None.

    Returns:
        (B, n, h, w), >= 0. No gradient flows.

    Raises:
        ShapeError: the classes are no int64 (B, n) with n >= 1.
        UsageError: the network is in training mode, has no such layer or class, or the layer is no map.

    Source: Selvaraju et al. 2017, eq. 1 and 2.
    """
    _check(classifier, image, classes)
    backbone, size = classifier.backbone, (image.shape[2], image.shape[3])
    name = layer or dense.explaining_map(backbone)
    with torch.inference_mode(False), torch.enable_grad():  # whatever surrounds the call
        with torch.no_grad():
            features = backbone.features(image, (name,))[name].detach()
        places = dense.as_map(backbone, features, size)
        start = features.detach().requires_grad_()
        scores = classifier.logits(start, after=name).gather(1, classes)
        gradients = [dense.as_map(backbone, one, size) for one in _gradients(scores, start)]
    weight = torch.stack([one.mean((2, 3)) for one in gradients], 1)  # (B, n, C)
    return torch.einsum("bnc,bchw->bnhw", weight, places).relu()


def resized(maps: Tensor, extent: Tensor) -> list[Tensor]:
    """Return each image's maps at its own size, bilinear.

    Args:
        maps: (B, n, h, w) of whole images.
        extent: (B, 2) height and width of each.

    Returns:
        B maps (n, H, W).

    >>> resized(torch.tensor([[[[0.0, 1.0]]]]), torch.tensor([[1, 4]]))
    [tensor([[[0.0000, 0.2500, 0.7500, 1.0000]]])]
    """
    return [_scaled(one[None], (height, width))[0] for one, (height, width) in zip(maps, extent.tolist(), strict=True)]


def ten_crops(classifier: Classifier, batch: Batch, *, frame: int = FRAME) -> Tensor:
    """Cut the corners and the middle out of each image, warped to a square, and mirror them.

    The mean of their class probabilities is the release's classification; its maps are ``ten_crop_maps``.

    Args:
        classifier: whose backbone says the side S of the crops, and how they are scaled.
        batch: ``image`` (B, C, H, W) in [0, 1] and ``extent`` (B, 2).
        frame: pixels on each side of the warped image, at least S.

    Returns:
        (B, 10, C, S, S): four corners and the middle, then their mirror images.

    Raises:
        UsageError: the frame is smaller than the crops.
    """
    side = classifier.backbone.side
    image = classifier.scaled(resize_whole(batch["image"], batch["extent"], (frame, frame)))
    crops = [image[:, :, top : top + side, left : left + side] for top, left in _corners(side, frame)]
    return torch.stack([*crops, *(crop.flip(3) for crop in crops)], 1)


def ten_crop_maps(classifier: Classifier, batch: Batch, classes: Tensor, *, frame: int = FRAME) -> Tensor:
    """Sum the absolute maps of ten crops where they lie, as the released code does for its tables.

    The middle is covered by ten crops and a corner by two; nothing makes up for it.

    Args:
        classifier: in ``eval`` mode.
        batch: ``image`` (B, C, H, W) in [0, 1] and ``extent`` (B, 2).
        classes: (B, n) int64, those asked of each image.
        frame: pixels on each side of the square to which an image is warped, at least the backbone's side.

    Returns:
        (B, n, F, F), >= 0, of the whole image; ``resized`` brings it to the image's size.

    Raises:
        ShapeError: the classes are no int64 (B, n) with n >= 1.
        UsageError: the frame is smaller than the crops, the network is in training mode, has no map or no such class.

    Source: the released code of Zhou et al. 2016, which enlarges maps bicubically.
    """
    side = classifier.backbone.side
    crops = ten_crops(classifier, batch, frame=frame)
    maps = class_maps(classifier, crops.flatten(0, 1), classes.repeat_interleave(crops.shape[1], 0))
    maps = _scaled(maps, (side, side)).abs().view(*crops.shape[:2], -1, side, side)
    plain, mirrored = maps.chunk(2, 1)
    total = maps.new_zeros(len(maps), maps.shape[2], frame, frame)
    for number, (top, left) in enumerate(_corners(side, frame)):
        total[:, :, top : top + side, left : left + side] += plain[:, number] + mirrored[:, number].flip(3)
    return total


def _check(classifier: Classifier, image: Tensor, classes: Tensor) -> None:
    if classifier.training:
        raise UsageError("the network is in training mode, where it drops and normalises by the batch: call eval()")
    if classes.dtype != torch.int64 or classes.ndim != 2 or len(classes) != len(image) or not classes.shape[1]:
        raise ShapeError(
            f"classes {tuple(classes.shape)} of {classes.dtype} for {len(image)} images: wanted int64 (B, n), n >= 1"
        )
    last = classifier.classifier.out_features - 1
    if classes.numel() and not 0 <= classes.min() <= classes.max() <= last:
        raise UsageError(f"classes from {classes.min()} to {classes.max()}: the network has 0 to {last}")


def _gradients(scores: Tensor, features: Tensor) -> list[Tensor]:
    """Return the gradient of each of n scores (B, n) with respect to the features of its own image."""
    each, one = scores.unbind(1), torch.ones_like(scores[:, 0])  # no image's score depends on another image
    last = len(each) - 1
    return [torch.autograd.grad(score, features, one, retain_graph=n < last)[0] for n, score in enumerate(each)]


def _corners(side: int, frame: int) -> list[tuple[int, int]]:
    """Return top and left of the four corners and the middle."""
    room = frame - side
    if room < 0:
        raise UsageError(f"crops of {side} pixels do not fit into a frame of {frame}: pass a frame of at least {side}")
    middle = (room + 1) // 2
    return [(0, 0), (0, room), (room, 0), (room, room), (middle, middle)]


def _scaled(maps: Tensor, size: tuple[int, int]) -> Tensor:
    return F.interpolate(maps, size, mode="bilinear", align_corners=False, antialias=True)
