"""Classify a region of an image: all else is blanked, and a network looks at what is left.

Seong Joon Oh, Rodrigo Benenson, Anna Khoreva, Zeynep Akata, Mario Fritz, Bernt Schiele, *Exploiting Saliency for Object
Segmentation from Image Level Labels*, 2017, <https://arxiv.org/abs/1701.08261>, guide labels G1.
"""

import numpy as np
import torch
from numpy.typing import NDArray

from lessup.masks.guide_labels import RegionScores
from lessup.methods import Classifier
from lessup.samples import Batch
from lessup.transforms.crops import resize_whole


def blanked_scores(classifier: Classifier, batch: Batch) -> RegionScores:
    """Return what scores the regions of one image.

    Args:
        classifier: in ``eval`` mode.
        batch: ``image`` (1, C, H, W) and ``extent`` (1, 2), on the classifier's device.

    Returns:
        A function from (H, W) bool to (K,) scores before any softmax or sigmoid. Outside the region the network sees
        what it takes for 0, the mean colour that it was trained on.
    """
    whole, side = classifier.prepared(batch), classifier.backbone.side

    def scores(inside: NDArray[np.bool_]) -> NDArray[np.floating]:
        region = torch.from_numpy(inside)[None, None].to(whole)
        with torch.no_grad():
            found = classifier.logits(whole * resize_whole(region, batch["extent"], (side, side)))
        told: NDArray[np.floating] = found[0].float().cpu().numpy()
        return told

    return scores
