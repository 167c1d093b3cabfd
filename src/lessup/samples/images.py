"""Images, decoded once: 8- or 16-bit pixels of any size and number of channels, memory-mapped."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lessup.errors import DataError, ShapeError
from lessup.samples import Batch, Damage, Samples
from lessup.samples.joined_groups import joined_groups
from lessup.samples.moments import Moments

Pixels = NDArray[np.uint8] | NDArray[np.uint16]


@dataclass(frozen=True, eq=False)
class Ragged:
    """N arrays of (H, W, C) pixels that differ in size, one after the other in one flat array.

    Attributes:
        flat: (T,) uint8 or uint16, usually memory-mapped.
        start: (N,) int64, where each array begins.
        extent: (N, 2) int64, height and width of each.
        channels: C.
    """

    flat: Pixels
    start: NDArray[np.int64]
    extent: NDArray[np.int64]
    channels: int

    def __len__(self) -> int:
        return len(self.start)

    def __getitem__(self, index: int) -> Pixels:
        """Return one (H, W, C) array, a view of the flat one."""
        height, width = self.extent[index]
        start = self.start[index]
        return self.flat[start : start + height * width * self.channels].reshape(height, width, self.channels)

    def take(self, indices: NDArray[np.int64]) -> Self:
        """Return the arrays at ``indices`` alone; the pixels are not copied."""
        return replace(self, start=self.start[indices], extent=self.extent[indices])

    def padded(self, indices: NDArray[np.int64]) -> Tensor:
        """Return (B, C, H, W) of the largest height and width among them, 0 beyond each one's own extent.

        The memory order is channels last.
        """
        height, width = self.extent[indices].max(axis=0, initial=0)
        size = int(height * width * self.channels)
        if size and (self.extent[indices] == (height, width)).all() and not (self.start[indices] % size).any():
            whole = self.flat[: len(self.flat) // size * size].reshape(-1, height, width, self.channels)
            return torch.from_numpy(whole[self.start[indices] // size]).permute(0, 3, 1, 2)
        batch = np.zeros((len(indices), height, width, self.channels), self.flat.dtype)
        for row, index in enumerate(indices):
            pixels = self[int(index)]
            batch[row, : pixels.shape[0], : pixels.shape[1]] = pixels
        return torch.from_numpy(batch).permute(0, 3, 1, 2)

    @classmethod
    def of(cls, arrays: Sequence[Pixels]) -> Self:
        """Lay (H, W, C) arrays of one type and one C >= 1 one after the other.

        >>> Ragged.of([np.zeros((2, 3, 1), np.uint8), np.ones((1, 1, 1), np.uint8)])[1].tolist()
        [[[1]]]
        """
        sizes = np.array([array.size for array in arrays], np.int64)
        return cls(
            flat=np.concatenate([array.reshape(-1) for array in arrays]),
            start=np.cumsum(sizes) - sizes,
            extent=np.array([array.shape[:2] for array in arrays], np.int64).reshape(-1, 2),
            channels=arrays[0].shape[2],
        )


@dataclass(frozen=True, eq=False)
class Boxes:
    """The M annotated objects of one image.

    Attributes:
        corners: (M, 4) float32, left, top, right, bottom in pixels of the decoded image; right and bottom are outside.
        label: (M,) int64, class.
        difficult: (M,) bool, objects that are neither required nor wrong.
    """

    corners: NDArray[np.float32]
    label: NDArray[np.int64]
    difficult: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Images(Samples):
    """N images with whatever is known of them.

    Attributes:
        pixels: the N images.
        tags: (N, K) int8, 1 where a class is in the image, 0 where not, -1 where it is not to be counted; None where
            images have one label at most.
        boxes: N sets of objects, or None.
        masks: N maps of one channel, of the extents of the images: 0 background, 1 + class, 255 not to be counted; or
            None.
        original: (N, 2) int64 height and width of the images as stored and shown upright, before they were reduced; or
            None where they are not known.
        paired: whether each class is a pair of patches that show the same thing.
        moments: where the images were taken from, and what is heard there, if they are frames of clips; or None.
        superclasses: (K,) name of the super-class of every class, such as the alphabet of a character; empty where
            classes have none.
    """

    noun: ClassVar[str] = "images"

    pixels: Ragged
    id: NDArray[np.str_]
    label: NDArray[np.int64]
    classes: tuple[str, ...]
    group: NDArray[np.int64]
    official: NDArray[np.str_]
    fingerprint: str
    damage: tuple[Damage, ...] = ()
    tags: NDArray[np.int8] | None = None
    boxes: tuple[Boxes, ...] | None = None
    masks: Ragged | None = None
    original: NDArray[np.int64] | None = None
    moments: Moments | None = None
    paired: bool = False
    superclasses: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of a batch: what every image has, and what is annotated."""
        annotated = {"tags": self.tags, "boxes": self.boxes, "mask": self.masks, "texture": self._texture}
        known = [key for key, value in annotated.items() if value is not None]
        return ("image", "extent", "label", *(["pair"] if self.paired else []), *known)

    @property
    def channels(self) -> int:
        """C."""
        return self.pixels.channels

    @property
    def _texture(self) -> NDArray[np.float32] | None:
        return None if self.moments is None else self.moments.texture

    @property
    def target(self) -> Literal["label", "tags"]:
        """What a classifier learns: tags where images have them, else one label an image.

        Raises:
            DataError: none is known, or there are fewer than two classes.
        """
        known = self.label >= 0 if self.tags is None else (self.tags >= 0).any(1)
        if not known.any() or len(self.classes) < 2:
            raise DataError(
                f"a classifier learns from labels: {known.sum()} of {len(self)} images have one, of "
                f"{len(self.classes)} classes; wanted two classes: sort the images into a folder for each, or name a "
                "table of labels"
            )
        return "label" if self.tags is None else "tags"

    def read(self, indices: Sequence[int] | NDArray[np.int64]) -> Batch:
        """Return the stored pixels and annotations, see the glossary; ``image`` is uint8 or uint16, ``mask`` uint8.

        Boxes are padded to the largest number of objects: class -1, corners 0.
        """
        chosen = np.asarray(indices, np.int64)
        batch = {
            "image": self.pixels.padded(chosen),
            "extent": torch.from_numpy(self.pixels.extent[chosen]),
            "label": torch.from_numpy(self.label[chosen]),
        }
        if self.paired:
            batch["pair"] = batch["label"]
        if self.tags is not None:
            batch["tags"] = torch.from_numpy(self.tags[chosen])
        if self.boxes is not None:
            batch |= _padded_boxes([self.boxes[index] for index in chosen])
        if self.masks is not None:
            batch["mask"] = self.masks.padded(chosen)[:, 0]
        if self._texture is not None:
            batch["texture"] = torch.from_numpy(self._texture[chosen])
        return batch

    def expand(self, batch: Batch) -> Batch:
        """Return ``image`` as (B, C, H, W) float32 in [0, 1] and ``mask`` as int64 with -1 for what does not count."""
        largest = 255 if batch["image"].dtype == torch.uint8 else 65535
        expanded = batch | {"image": batch["image"].to(torch.float32).div_(largest)}
        if "mask" in batch:
            mask = batch["mask"].long()
            inside = _inside(batch["extent"], mask.shape[-2:])
            expanded["mask"] = mask.masked_fill((mask == 255) | ~inside, -1)
        return expanded

    def take(self, indices: NDArray[np.int64]) -> Self:
        """Return the images at ``indices`` alone."""
        return replace(
            self,
            pixels=self.pixels.take(indices),
            tags=None if self.tags is None else self.tags[indices],
            boxes=None if self.boxes is None else tuple(self.boxes[index] for index in indices),
            masks=None if self.masks is None else self.masks.take(indices),
            original=None if self.original is None else self.original[indices],
            moments=None if self.moments is None else self.moments.take(indices),
            **{name: getattr(self, name)[indices] for name in ("id", "label", "group", "official")},
        )

    def with_masks(self, masks: Ragged) -> Self:
        """Return the same images with other masks, such as labels that were made from tags; their own are gone.

        Args:
            masks: N maps of one channel, uint8, of the extents of the images: 0 background, 1 + class, 255 not to be
                counted. Memory-mapped ones stay so, see ``map_file``.

        Returns:
            The images, with another fingerprint.

        Raises:
            ShapeError: there are more or fewer maps, or one has another size, type or number of channels.
            DataError: a number is no class.
        """
        if masks.flat.dtype != np.uint8 or masks.channels != 1 or masks.extent.shape != self.pixels.extent.shape:
            raise ShapeError(
                f"{len(masks)} maps of {masks.channels} channels and {masks.flat.dtype} for {len(self)} images: wanted "
                "one map an image, of one channel and uint8"
            )
        other = np.flatnonzero((masks.extent != self.pixels.extent).any(1))
        if len(other):
            first = int(other[0])
            sizes = [" x ".join(map(str, each.extent[first].tolist())) for each in (masks, self.pixels)]
            raise ShapeError(f"{len(other)} maps such as that of {self.id[first]}, {sizes[0]} for {sizes[1]} pixels")
        digest = hashlib.blake2b(self.fingerprint.encode(), digest_size=16)
        for index, name in enumerate(self.id):
            mask = masks[index]
            strange = mask[(mask > len(self.classes)) & (mask != 255)]
            if strange.size:
                raise DataError(f"the map of {name} holds {strange[0]}: wanted 0 to {len(self.classes)}, or 255")
            digest.update(np.ascontiguousarray(mask).data)
        return replace(self, masks=masks, fingerprint=digest.hexdigest())

    def masked(self) -> NDArray[np.bool_]:
        """Return (N,) bool, True where an image has a mask of which a pixel counts."""
        masks = self.masks
        every = np.zeros(len(self), bool)
        return every if masks is None else np.array([(masks[n] != 255).any() for n in range(len(self))], bool)

    def families(self) -> NDArray[np.int64]:
        """Return (N,) int64 numbers that groups share if any of their images are equal; see ``Samples.families``."""
        return joined_groups(self.group, self.first_equal())

    def superclass(self) -> NDArray[np.int64]:
        """Return (N,) int64 number of the super-class of every image, -1 where it has no label or classes have none."""
        if not self.superclasses:
            return np.full(len(self), -1)
        of_class = np.unique(self.superclasses, return_inverse=True)[1]
        return np.where(self.label < 0, -1, of_class[self.label])

    def kin(self) -> NDArray[np.int64]:
        """Return (N,) int64 numbers that families share if any of their images are of one super-class."""
        superclass, first = self.superclass(), np.arange(len(self))
        for number in np.unique(superclass[superclass >= 0]):
            first[superclass == number] = np.flatnonzero(superclass == number)[0]
        return joined_groups(self.families(), first)

    def first_equal(self) -> NDArray[np.int64]:
        """Return (N,) int64: for every image the number of the first image of the same size and pixels."""
        first: dict[bytes, int] = {}
        digests = (self._digest(index) for index in range(len(self)))
        return np.array([first.setdefault(digest, index) for index, digest in enumerate(digests)], np.int64)

    def _digest(self, index: int) -> bytes:
        digest = hashlib.blake2b(self.pixels.extent[index].tobytes(), digest_size=16)
        digest.update(np.ascontiguousarray(self.pixels[index]).data)
        return digest.digest()


def joined(parts: Sequence[Images]) -> Images:
    """Return several parts of one set of images as one, part after part; the pixels are not copied.

    Args:
        parts: at least one; all were taken from the same images.
    """
    first = parts[0]
    assert all(part.pixels.flat is first.pixels.flat for part in parts), "parts of one set share its pixels"
    masks = [part.masks for part in parts if part.masks is not None]
    original = [part.original for part in parts if part.original is not None]
    moments = [part.moments for part in parts if part.moments is not None]
    return replace(
        first,
        pixels=_joined_ragged([part.pixels for part in parts]),
        tags=None if first.tags is None else np.concatenate([part.tags for part in parts if part.tags is not None]),
        boxes=None if first.boxes is None else tuple(one for part in parts for one in part.boxes or ()),
        masks=_joined_ragged(masks) if masks else None,
        original=np.concatenate(original) if original else None,
        moments=Moments.joined(moments) if moments else None,
        id=np.concatenate([part.id for part in parts]),
        label=np.concatenate([part.label for part in parts]),
        group=np.concatenate([part.group for part in parts]),
        official=np.concatenate([part.official for part in parts]),
    )


def _joined_ragged(parts: Sequence[Ragged]) -> Ragged:
    """Return the arrays of several parts that share one flat array."""
    start, extent = (np.concatenate([getattr(part, name) for part in parts]) for name in ("start", "extent"))
    return replace(parts[0], start=start, extent=extent)


def _padded_boxes(boxes: Sequence[Boxes]) -> Batch:
    """Return ``boxes`` (B, M, 4) float32, ``box_label`` (B, M) int64 and ``box_difficult`` (B, M) bool."""
    most = max((len(each.label) for each in boxes), default=0)
    corners = torch.zeros(len(boxes), most, 4)
    label = torch.full((len(boxes), most), -1)
    difficult = torch.zeros(len(boxes), most, dtype=torch.bool)
    for row, each in enumerate(boxes):
        count = len(each.label)
        corners[row, :count] = torch.from_numpy(each.corners)
        label[row, :count] = torch.from_numpy(each.label)
        difficult[row, :count] = torch.from_numpy(each.difficult)
    return {"boxes": corners, "box_label": label, "box_difficult": difficult}


def _inside(extent: Tensor, size: Sequence[int]) -> Tensor:
    """Return (B, H, W) bool, which pixels of a padded batch belong to their image."""
    rows, columns = (torch.arange(length, device=extent.device) for length in size)
    return (rows[:, None] < extent[:, 0, None, None]) & (columns < extent[:, 1, None, None])
