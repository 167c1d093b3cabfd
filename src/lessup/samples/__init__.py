"""What a set of samples is, whatever it was read from, and the glossary of what a sample holds.

A batch is a plain dict of tensors. These are its keys; every method names those that it reads:

=================  ==================  =======  ================================================================
key                shape               dtype    meaning and range
=================  ==================  =======  ================================================================
``voxels``         (B, V, V, V)        bool     occupied cells of a solid grid; axes x, y, z with z up
``image``          (B, C, H, W)        float32  0 to 1; images smaller than the largest are padded with 0 at the
                                                right and the bottom
``extent``         (B, 2)              int64    height and width of each image within ``image``
``sound``          (B, T)              float32  samples at 20 kHz, the mean of all channels, -1 to 1 unless stored
                                                beyond; shorter sounds are padded with 0 at the end
``length``         (B,)                int64    samples of each sound within ``sound``
``clip``           (B, T, C, H, W)     float32  frames of a clip, 0 to 1, spread evenly over it; smaller ones are padded
                                                as images are, and ``extent`` is that of each clip
``time``           (B, T)              float32  seconds of each frame since the first of its clip
``pose``           (B, T, 3, 4)        float32  rotation and place of the camera at each frame, in the world of its clip
``other``          (B, C, H, W)        float32  another frame of the clip that ``image`` is of, of the same extent; then
                                                ``pose`` is (B, 2, 3, 4), of ``image`` and ``other``
``texture``        (B, 502)            float32  statistics of the sound around a frame of a clip, see
                                                ``sound_textures``; NaN where nothing is heard
``tokens``         (B, T)              int64    places of words in the vocabulary, the commonest first; -1 between
                                                sentences and behind the last one
``label``          (B,)                int64    class, 0 <= label < K, or -1 where not known
``pair``           (B,)                int64    number of the pair of patches, tracked through a video, that it is of
``tags``           (B, K)              int8     1 where a class is in the image, 0 where not, -1 not to be counted
``boxes``          (B, M, 4)           float32  left, top, right, bottom in pixels; right and bottom are outside
``box_label``      (B, M)              int64    class of each box, -1 where an image has fewer than M
``box_difficult``  (B, M)              bool     boxes that are neither required nor wrong
``mask``           (B, H, W)           int64    0 background, 1 + class, -1 not to be counted
=================  ==================  =======  ================================================================

``boxes`` stands for all three of its keys where a method or protocol names what it reads.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray

Batch = dict[str, torch.Tensor]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How a source is read; what does not concern a source is left alone.

    Attributes:
        side: V, cells per side of a shape grid; 0 keeps stored grids as they are and gives meshes 30.
        padding: empty cells on each side of a voxelised mesh.
        views: rotations about the upright axis made of each mesh; 12 are 30 degrees apart.
        up: axis of shape files that points up; ``auto`` is y for GLB and z for the others.
        size: larger images are reduced to this many pixels on their short side when they are decoded; 0 is 256.
        colour: ``auto`` keeps what the images have (grey ones among colour ones become colour, and are counted).
        max_megapixels: larger images and videos are refused before decoding; four bands of a TIFF count as one image.
        seconds: longer recordings are cut into equal pieces of at most so many seconds; 0 is 10. Of the sound around a
            frame of a clip, how many are heard; 0 is 3.75.
        frames: T, frames of a clip in a batch, or those that a method for images is given of each clip.
        tokens: of a text: ``words`` are runs of letters, digits and underscores in lower case; ``blanks`` parts at
            blanks alone.
        sentences: of a text: its ``lines``, its ``paragraphs``, or ``auto``, the latter where there are empty lines.
        min_count: words of a text that occur fewer times are left out.
        phrases: of a text: thresholds, such as ``200 100``, by which two words that often follow one another become
            one, in a pass over the text for each; none joins none.
        phrase_score: what is compared with them, see ``PhraseScore``.
        masks: ``boxes`` makes masks of one class, the foreground, of the boxes of images, for a network for saliency.
        without: classes whose images are left out then, such as those that are to be segmented later.
        nested: folders of classes lie in folders of super-classes, such as the characters of alphabets.
    """

    side: int = 0
    padding: int = 3
    views: int = 12
    up: Literal["auto", "y", "z"] = "auto"
    size: int = 0
    colour: Literal["auto", "grey", "rgb"] = "auto"
    max_megapixels: int = 120
    seconds: float = 0.0
    frames: int = 16
    tokens: Literal["words", "blanks"] = "words"
    sentences: Literal["auto", "lines", "paragraphs"] = "auto"
    min_count: int = 5
    phrases: tuple[float, ...] = ()
    phrase_score: Literal["program", "paper"] = "program"
    masks: Literal["own", "boxes"] = "own"
    without: tuple[str, ...] = ()
    nested: bool = False


@dataclass(frozen=True)
class Damage:
    """One file or sample that was left out or is doubtful.

    Attributes:
        name: file or sample.
        reason: what is wrong, in a few words.
        skipped: True if it was left out, False if it was used all the same.
    """

    name: str
    reason: str
    skipped: bool = True


class Samples(ABC):
    """N samples of one kind, held small and handed out in batches.

    Attributes:
        id: (N,) str, unique and stable names.
        label: (N,) int64, class or -1.
        classes: (K,) names.
        group: (N,) int64; samples of one group (the views of an object) are never parted by a split.
        official: (N,) str, ``train``, ``test`` or empty where the data has no split of its own.
        damage: what was left out or is doubtful.
        fingerprint: hash of the content; equal for equal data, whatever its path.
        noun: what messages call groups of them.
    """

    noun: ClassVar[str] = "objects"

    id: np.ndarray
    label: np.ndarray
    classes: tuple[str, ...]
    group: np.ndarray
    official: np.ndarray
    damage: tuple[Damage, ...]
    fingerprint: str

    @property
    @abstractmethod
    def keys(self) -> tuple[str, ...]:
        """Keys of a batch after ``expand``."""

    def __len__(self) -> int:
        return len(self.id)

    def lacking(self, keys: Sequence[str]) -> tuple[str, ...]:
        """Return those of some keys that a batch does not have."""
        return tuple(key for key in keys if key not in self.keys)

    @abstractmethod
    def read(self, indices: Sequence[int] | np.ndarray) -> Batch:
        """Return the samples in their compact form, on the CPU."""

    @abstractmethod
    def expand(self, batch: Batch) -> Batch:
        """Turn a compact batch, on whichever device it is, into the keys of the glossary."""

    @abstractmethod
    def take(self, indices: np.ndarray) -> Self:
        """Return the samples at ``indices`` alone."""

    def families(self) -> NDArray[np.int64]:
        """Return (N,) int64 numbers of what a split keeps together: groups, joined where two hold an equal sample.

        Data sets repeat objects under other names; parted, the test part would hold training samples.
        """
        return self.group

    def kin(self) -> NDArray[np.int64]:
        """Return (N,) int64 numbers of what a split of whole classes keeps together: families, and super-classes."""
        return self.families()

    def batch(self, indices: Sequence[int] | np.ndarray) -> Batch:
        """Read and expand: the samples at ``indices``, ready for a method."""
        return self.expand(self.read(indices))
