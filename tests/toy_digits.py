"""Zeros, ones and twos of scikit-learn's digits at 28 pixels a side, and training on a few labels of them."""

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch.nn import functional as F

from lessup.samples.images import Images, Ragged
from lessup.transforms.draws import Draws


def zeros_to_twos():
    """Return images (N, 1, 28, 28) in [0, 1] and labels (N,), in a fixed shuffled order."""
    x, y = load_digits(n_class=3, return_X_y=True)
    small = torch.from_numpy(x).float().view(-1, 1, 8, 8) / 16
    image = F.interpolate(small, size=28, mode="bilinear").clamp(0, 1)
    order = torch.randperm(len(y), generator=torch.Generator().manual_seed(0))
    return image[order], torch.from_numpy(y).long()[order]


def as_samples(label, *, classes=("none", "one", "two"), official="", tags=None):
    """Return the first of them as ``Images`` of 28 pixels, with labels of any kind."""
    pixels = (255 * zeros_to_twos()[0][: len(label), 0, :, :, None]).round().byte().numpy()
    return Images(
        pixels=Ragged.of([*pixels]),
        id=np.array([f"{number:03d}.png" for number in range(len(label))]),
        label=np.asarray(label, np.int64),
        classes=tuple(classes),
        group=np.arange(len(label)),
        official=np.broadcast_to(np.asarray(official, "<U5"), len(label)).copy(),
        fingerprint="digits",
        tags=tags,
    )


def trained(kind, config, image, label, *, steps=150):
    """Return a method of a kind, trained on two labelled images of each class and all others without labels."""
    torch.manual_seed(0)
    method = kind(config).train()
    (optimization,) = method.optimizations(steps).values()
    known = torch.cat([(label == number).nonzero()[:2, 0] for number in range(3)])
    for step in range(steps):
        few = known
        many = Draws.at(8, step).integers(0, len(image), 6 * config.unlabelled)
        chosen = torch.cat([few, many])
        batch = {"image": image[chosen], "extent": torch.full((len(chosen), 2), 28), "label": label[chosen]}
        (loss,) = method.step(batch, Draws.at(9, step)).players.values()
        optimization.optimizer.zero_grad()
        loss.backward()
        optimization.optimizer.step()
        optimization.schedule.step()
    return method.eval()


@torch.no_grad()
def told_wrongly(method, image, label):
    """Return the share of the images that a method tells wrongly, in percent."""
    batch = {"image": image, "extent": torch.full((len(image), 2), 28)}
    return 100 * (method.classify(batch).argmax(1) != label).float().mean().item()
