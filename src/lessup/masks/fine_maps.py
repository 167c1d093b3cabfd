"""Class activation maps as fine as a dilated network makes them, from a classifier that was trained with strides.

The maps are those of Bolei Zhou, Aditya Khosla, Agata Lapedriza, Aude Oliva, Antonio Torralba, *Learning Deep Features
for Discriminative Localization*, 2016, <https://arxiv.org/abs/1512.04150>. Seong Joon Oh and others, *Exploiting
Saliency for Object Segmentation from Image Level Labels*, 2017, <https://arxiv.org/abs/1701.08261>, find seeds on maps
of 41 x 41 places, and train a network without its last poolings for that. Here the strides of a trained network become
dilations: its map holds what it held, and the places between.
"""

import copy
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional as F

from lessup.backbones.dilation import STRIDE, dilated, off_centre
from lessup.masks.class_maps import class_maps, resized
from lessup.methods import Classifier
from lessup.samples import Batch
from lessup.transforms.crops import resize_whole


class FineMaps:
    """Reads class maps off a classifier; of one that does not end in pooling, Grad-CAM at its own strides.

    Each place counts for the middle of its share of the image, see ``off_centre``.

    Args:
        classifier: in ``eval`` mode; stays as it is.
        stride: pixels between two places of the map, at most.
    """

    def __init__(self, classifier: Classifier, *, stride: int = STRIDE) -> None:
        self.classifier = classifier
        self.ending = classifier.ending
        if self.ending is not None:
            backbone = copy.deepcopy(classifier.backbone).cpu()  # where its maps are measured
            fine, grid = dilated(backbone, stride=stride, layer=self.ending.layer)
            self.grid = replace(grid, start=grid.start + off_centre(backbone, layer=self.ending.layer))
            self.fine = fine.to(classifier.device).eval()

    def __call__(self, batch: Batch, classes: Tensor, *, side: int = 0) -> list[Tensor]:
        """Return every image's maps of some classes at the image's own size.

        Args:
            batch: ``image`` (B, C, H, W) and ``extent`` (B, 2), on the classifier's device.
            classes: (B, n) int64.
            side: pixels on each side to which images are brought; 0 takes that of the backbone.

        Returns:
            B maps (n, height, width) of the extents, of either sign. No gradient flows.
        """
        side = side or self.classifier.backbone.side
        image = self.classifier.scaled(resize_whole(batch["image"], batch["extent"], (side, side)))
        if self.ending is None:
            return resized(class_maps(self.classifier, image, classes).detach().float(), batch["extent"])
        with torch.no_grad():
            places = torch.einsum("bnc,bchw->bnhw", self.ending.weight[classes], self.fine(image)).float()
            rows, columns = (self.grid.weights(count, side).to(places) for count in places.shape[2:])
            whole = rows @ places @ columns.T  # (B, n, side, side)
            sizes = batch["extent"].tolist()
            return [
                F.interpolate(own[None], (height, width), mode="bilinear", align_corners=False, antialias=True)[0]
                for own, (height, width) in zip(whole, sizes, strict=True)
            ]
