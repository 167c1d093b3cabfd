"""The gradient of a class's score says which pixels the class hangs on; no box or mask is needed.

Karen Simonyan, Andrea Vedaldi, Andrew Zisserman, *Deep Inside Convolutional Networks: Visualising Image Classification
Models and Saliency Maps*, 2014, <https://arxiv.org/abs/1312.6034>.

Differs from the paper: it does not say how the sub-images' maps are averaged where they overlap unevenly; here every
pixel is averaged over the sub-images that hold it. It does not give the strength of the regularisation of class model
images, nor their steps; the defaults are ours.
"""

from collections.abc import Callable, Iterator
from typing import Literal

import torch
from torch import Tensor

from lessup.errors import ShapeError, UsageError
from lessup.methods import Classifier
from lessup.samples import Batch
from lessup.transforms.crops import resize_whole

Scores = Callable[[Tensor], Tensor]
"""Maps (B, C, H, W) images to (B, K) scores before any softmax or sigmoid, differentiable in the images."""

SHARE = 224 / 256
"""Side of a sub-image over the side of the image, as the network of the paper was trained and tested."""


def gradient_saliency(scores: Scores, image: Tensor, classes: Tensor, *, size: tuple[int, int] | None = None) -> Tensor:
    """Return how strongly each pixel moves the scores of some classes.

    A map is the largest magnitude, over the channels, of the gradient of one class's score; one backward pass each.
    Parameters keep the gradients that they have.

    Args:
        scores: the network, in evaluation mode.
        image: (B, C, H, W) floating, as ``scores`` takes it.
        classes: (B, M) int64, M classes of each image; -1 for none.
        size: height and width of ten sub-images, the corners and the centre, each also mirrored: ``scores`` sees these
            alone, and their maps are averaged in place. None for one pass over the whole image.

    Returns:
        (B, M, H, W) >= 0 of the images' dtype; 0 for the class -1, and where no sub-image reaches.

    Raises:
        ShapeError: a tensor has another shape or dtype, or sub-images are larger than the image.
        UsageError: there is no such class.

    Source: section 3.1; the sub-images section 3.2.

    >>> weight = torch.tensor([[[1.0, -3.0]], [[2.0, 0.5]]])  # (C, H, W)
    >>> gradient_saliency(lambda x: (weight * x).sum((1, 2, 3))[:, None], torch.zeros(1, 2, 1, 2), torch.tensor([[0]]))
    tensor([[[[2., 3.]]]])
    """
    _check(image, classes)
    if size is None:
        return _one_pass(scores, image, classes)
    total = image.new_zeros(len(image), classes.shape[1], *image.shape[2:])
    times = image.new_zeros(image.shape[2:])
    for rows, columns in _sub_images(image, size):
        part = image[..., rows, columns]
        mirrored = _one_pass(scores, part.flip(3), classes).flip(3)
        total[..., rows, columns] += _one_pass(scores, part, classes) + mirrored
        times[rows, columns] += 2
    return total / times.clamp(min=1)


def classifier_saliency(
    classifier: Classifier, batch: Batch, classes: Tensor, *, num_crops: Literal[1, 10] = 10
) -> Tensor:
    """Return the saliency of some classes in whole images, stretched to a square.

    Args:
        classifier: in evaluation mode.
        batch: ``image`` (B, C, H, W) in [0, 1] and ``extent`` (B, 2).
        classes: (B, M) int64, M classes of each image; -1 for none.
        num_crops: ten sub-images of the side S of the network out of a square of 8/7 S, or 1, the image itself.

    Returns:
        (B, M, S', S') >= 0 with S' = 8/7 S, or S for one; resize each map to the extent of its image.

    Raises:
        UsageError: the network is in training mode, or has no such class.
    """
    if classifier.training:
        raise UsageError("the network is in training mode, in which images change one another: call eval() first")
    if num_crops == 1:
        return gradient_saliency(classifier.logits, classifier.prepared(batch), classes)
    side = classifier.backbone.side
    larger = round(side / SHARE)
    image = classifier.scaled(resize_whole(batch["image"], batch["extent"], (larger, larger)))
    return gradient_saliency(classifier.logits, image, classes, size=(side, side))


def class_model_image(
    scores: Scores,
    mean: Tensor,
    class_number: int,
    *,
    decay: float = 0.01,
    learning_rate: float = 0.1,
    num_steps: int = 200,
) -> Tensor:
    """Return an image that has as much of a class as its squared length pays for.

    From the image 0 on, gradient ascent climbs S(I + mean) - decay ||I||^2 with the class's score S.

    Args:
        scores: the network, in evaluation mode, of images as ``mean`` is one.
        mean: (C, H, W) floating, the mean of the training images.
        class_number: 0 to K - 1.
        decay: the paper's lambda, > 0.
        learning_rate: of the ascent; below 1 / decay.
        num_steps: of the ascent.

    Returns:
        (C, H, W), I + mean; values may leave the range of images.

    Raises:
        ShapeError: the mean has another shape or dtype.
        UsageError: there is no such class.

    Source: section 2, eq. 1.

    >>> mean = torch.full((1, 1, 1), 7.0)
    >>> class_model_image(lambda x: 4 * x.sum((1, 2, 3))[:, None], mean, 0, decay=1.0, learning_rate=0.5)
    tensor([[[9.]]])
    """
    classes = torch.tensor([[class_number]], device=mean.device)
    _check(mean[None], classes)
    image = torch.zeros_like(mean)
    for _ in range(num_steps):
        slope = _gradients(scores, (image + mean)[None], classes)[0, 0]
        image += learning_rate * (slope - 2 * decay * image)
    return image + mean


def _check(image: Tensor, classes: Tensor) -> None:
    if image.ndim != 4 or not image.is_floating_point():
        raise ShapeError(f"image of shape {tuple(image.shape)} and {image.dtype}: wanted floating (B, C, H, W)")
    if classes.ndim != 2 or len(classes) != len(image) or classes.dtype != torch.int64:
        raise ShapeError(
            f"classes of shape {tuple(classes.shape)} and {classes.dtype} for {len(image)} images: wanted int64 (B, M)"
        )


def _sub_images(image: Tensor, size: tuple[int, int]) -> Iterator[tuple[slice, slice]]:
    """Yield rows and columns of the corners and the centre."""
    down, across = image.shape[2] - size[0], image.shape[3] - size[1]
    if min(down, across) < 0 or min(size) < 1:
        raise ShapeError(f"sub-images of {size} out of images of {tuple(image.shape[2:])}: wanted smaller ones")
    for top, left in ((0, 0), (0, across), (down, 0), (down, across), (down // 2, across // 2)):
        yield slice(top, top + size[0]), slice(left, left + size[1])


def _one_pass(scores: Scores, image: Tensor, classes: Tensor) -> Tensor:
    return _gradients(scores, image, classes).abs().amax(2)


def _gradients(scores: Scores, image: Tensor, classes: Tensor) -> Tensor:
    """Return (B, M, C, H, W) gradients of the classes' scores with respect to the images."""
    with torch.inference_mode(False), torch.enable_grad():
        pixels = image.detach().clone().requires_grad_()
        found = torch.zeros(*classes.shape, *image.shape[1:], dtype=image.dtype, device=image.device)
        score = scores(pixels)  # (B, K)
        if classes.numel() and classes.max() >= score.shape[1]:
            raise UsageError(f"class {int(classes.max())}: the network has 0 to {score.shape[1] - 1}")
        for number, chosen in enumerate(classes.unbind(1)):
            wanted = torch.where(chosen >= 0, score.gather(1, chosen.clamp(min=0)[:, None])[:, 0], 0)
            # The gradient of the images alone is asked for, so that weights collect none.
            (slope,) = torch.autograd.grad(wanted.sum(), pixels, retain_graph=number + 1 < classes.shape[1])
            found[:, number] = slope
        return found
