"""Class maps of classes that a network was never trained on, from a linear machine on its pooled features.

Source: Bolei Zhou, Aditya Khosla, Agata Lapedriza, Aude Oliva, Antonio Torralba, *Learning Deep Features for
Discriminative Localization*, 2016, <https://arxiv.org/abs/1512.04150>, section 4: a linear support vector machine on
the features behind global average pooling, whose weights make the maps of its classes.

Differs from the paper: any network that has a map or tokens of patches; the machine is ours, see ``one_vs_rest``, its
cost chosen on held-out training images.
"""

import copy
from dataclasses import dataclass

import numpy as np
import torch

from lessup.methods import ImageEncoder
from lessup.methods.cam import CAM, CAMConfig
from lessup.probes.layer_choice import support_vector_machine
from lessup.probes.linear_layer import LinearLayer, linear_layer
from lessup.probes.linear_rows import encode_pool
from lessup.samples.images import Images
from lessup.samples.label_draws import LabelledPool
from lessup.samples.splits import Folds, split
from lessup.training import build

LAYER = "pool"
"""The pooled features of a ``CAM``."""


@dataclass(frozen=True, eq=False)
class Taught:
    """A network that was taught new classes.

    Attributes:
        network: in ``eval`` mode; its scores are those of the machines.
        layer: the machines.
        num_images: from which they learnt.
    """

    network: CAM
    layer: LinearLayer
    num_images: int


def taught(method: ImageEncoder, images: Images) -> Taught:
    """Teach a network the classes of labelled or tagged images; its features stay as they are.

    Args:
        method: in ``eval`` mode; stays as it is.
        images: their own test part, where they have one, is not learnt from, nor are those without a label.

    Raises:
        DataError: fewer than two classes have a labelled image, or all features are equal.
        UsageError: the network has neither tokens nor a map that is fine enough.
    """
    pool = LabelledPool.of(split(images, Folds(folds=1)))
    network = pooling_network(method, len(pool.classes))
    known = np.flatnonzero(~pool.held_out)
    layer = linear_layer(encode_pool(network, pool, (LAYER,))[LAYER], pool, known, support_vector_machine())
    return Taught(with_weights(network, layer), layer, len(known))


def pooling_network(method: ImageEncoder, num_classes: int) -> CAM:
    """Return a copy of a network up to its last map, and average pooling; its classes have random weights yet.

    Args:
        method: in ``eval`` mode.
        num_classes: K.

    Returns:
        A network in ``eval`` mode on the same device, whose layer ``LAYER`` is (B, D).

    Raises:
        UsageError: the network has neither tokens nor a map that is fine enough.
    """
    backbone = copy.deepcopy(method.backbone).cpu()  # where the shapes of its layers are measured
    config = CAMConfig(backbone=method.config.backbone, channels=backbone.channels, num_classes=num_classes)
    return CAM(config, backbone).to(method.device).eval()


def named_network(
    backbone: str, weights: str, images: Images, num_classes: int, *, seed: int, device: str = "cpu"
) -> CAM:
    """Return a backbone up to its last map, and average pooling; its classes have random weights yet.

    Args:
        backbone: its name.
        weights: file, run folder or ``imagenet``, from which its weights are loaded; empty for random ones.
        images: that it will look at.
        num_classes: K.
        seed: of random weights.
        device: where to compute.

    Returns:
        A network in ``eval`` mode, whose layer ``LAYER`` is (B, D).

    Raises:
        DataError: the weights cannot be used.
        UsageError: there is no such backbone, or it has neither tokens nor a map that is fine enough.
    """
    config = CAMConfig(backbone=backbone, weights=weights, channels=images.channels, num_classes=num_classes)
    network = build("cam", config, seed)
    assert isinstance(network, CAM)
    network.begin(images, seed)
    return network.to(device).eval()


def with_weights(network: CAM, layer: LinearLayer) -> CAM:
    """Give the weights of K machines on D features to a network that pools D features and has K classes."""
    linear = network.classifier
    with torch.no_grad():
        linear.weight.copy_(torch.from_numpy(layer.weight))
        linear.bias.copy_(torch.from_numpy(layer.bias))
    return network
