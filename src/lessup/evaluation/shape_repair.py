"""How well a method repairs damaged shapes, beside doing nothing, giving nothing and a local filter.

Source: Sharma, Grau, Fritz, *VConv-DAE: Deep Volumetric Shape Learning Without Object Labels*, 2016, tables 2 and 3.

Differs from the paper: rows for the trivial repairs; columns ``half`` and ``view``, whose gaps no local filter closes.
"""

import sys
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from torch import Tensor

from lessup.errors import DataError
from lessup.evaluation import Protocol, Result, Score, scores_over
from lessup.methods import Method, ShapeAutoencoder
from lessup.metrics.class_means import class_means
from lessup.metrics.voxel_error import voxel_error
from lessup.samples.splits import Split
from lessup.samples.voxels import Voxels, pack, unpack
from lessup.transforms.closing import closing
from lessup.transforms.draws import Draws
from lessup.transforms.voxel_noise import cameras, cut, remove_random, remove_slices, visible

Column = Literal["rand_30", "rand_50", "dist_10", "dist_20", "dist_30", "half", "view"]
Repair = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Corruption:
    """Corrupted grids of one column.

    Attributes:
        positions: (M,) samples of the test part that have one.
        bits: (M, ceil(V^3 / 8)) uint8.
        came_with_data: True if they are the data's own copies.
    """

    positions: NDArray[np.int64]
    bits: Tensor
    came_with_data: bool


class ShapeRepair(Protocol):
    """Error of repaired shapes in percent, by kind of damage, over classes and for each class.

    Figures: ``columns`` (C,) and ``rows`` (R,) and ``classes`` (K,) str name the axes of ``class_error`` (R, C, K), NaN
    where not measured. ``example_id`` (E,) is one sample a class; ``example_clean``, ``example_COLUMN_corrupted`` and
    ``example_COLUMN_repaired`` are its (E, ceil(V^3 / 8)) uint8 grids, and ``side`` is V.
    """

    @dataclass(frozen=True, kw_only=True)
    class Config:
        """What is measured.

        Attributes:
            columns: kinds of damage: share of all cells lost, share of slices lost, half of the shape lost, all but
                one view lost.
            own_copies: use the data's own corrupted copies where it has them.
            seed: where the damage that is generated starts from.
            seeds: over how many seeds generated damage is repeated.
            views: use the first views of each object alone; 0 uses all.
            batch_size: shapes repaired at once.
        """

        columns: tuple[Column, ...] = ("rand_30", "rand_50", "dist_10", "dist_20", "dist_30", "half", "view")
        own_copies: bool = True
        seed: int = 0
        seeds: int = 1
        views: int = 0
        batch_size: int = 128

    paper: ClassVar[str] = "Sharma, Grau, Fritz, VConv-DAE, 2016, https://arxiv.org/abs/1604.03755"
    reads: ClassVar[tuple[str, ...]] = ("voxels",)
    needs: ClassVar[type[Method]] = ShapeAutoencoder  # type: ignore[type-abstract]
    learns: ClassVar[bool] = False
    config: Config

    def measure(self, method: Method, split: Split) -> Result:
        """Measure the model and the trivial repairs on the test part.

        Raises:
            DataError: the test part is empty.
        """
        assert isinstance(method, ShapeAutoencoder)
        assert isinstance(split.test, Voxels)
        test = split.test.first_views(self.config.views)
        if not len(test):
            raise DataError("no shapes are held out to be repaired: train with --folds 2 or more")
        repairs = _repairs(method)
        figures: dict[str, NDArray[np.generic]] = _examples(test)
        errors: dict[str, dict[str, list[NDArray[np.float64]]]] = {row: {} for row in repairs}
        notes: list[str] = []
        for column in self.config.columns:
            corruption = _corruption(test, column, self.config, self.config.seed)
            figures |= _example_repairs(test, column, corruption, repairs["model"])
            notes += _notes(column, corruption, test)
            for repeat in range(1 if corruption.came_with_data else self.config.seeds):
                if repeat:
                    corruption = _corruption(test, column, self.config, self.config.seed + repeat)
                for row, values in _errors(test, column, corruption, repairs, self.config.batch_size).items():
                    errors[row].setdefault(column, []).append(values)
        rows = {row: _scores(by_column, test) for row, by_column in errors.items()}
        return Result(rows, figures | _class_error(rows, self.config.columns, test), tuple(notes))


def _repairs(method: ShapeAutoencoder) -> dict[str, Repair]:
    """Return what turns (B, V, V, V) bool corrupted grids into bool repaired ones, by row."""
    return {
        "identity": lambda voxels: voxels,
        "empty": torch.zeros_like,
        "closing": closing,
        "model": lambda voxels: method.repair(voxels.to(method.device)).cpu() > 0.5,
    }


def _corruption(test: Voxels, column: Column, config: ShapeRepair.Config, seed: int) -> Corruption:
    if config.own_copies and column in test.corrupted:
        positions, bits = test.corrupted_copies(column)
        if len(positions):
            return Corruption(positions, bits, came_with_data=True)
    everything = np.arange(len(test))
    bits = torch.cat(
        [
            torch.from_numpy(
                pack(_corrupt(test.batch(some)["voxels"], column, _draws(test, column, some, seed)).numpy())
            )
            for some in _batches(everything, config.batch_size)
        ]
    )
    return Corruption(everything, bits, came_with_data=False)


def _draws(test: Voxels, column: Column, positions: NDArray[np.int64], seed: int) -> list[Draws]:
    """Start one source of randomness a sample, from its name: its damage never depends on its company."""
    return [Draws.at(seed, zlib.crc32(f"{column}/{name}".encode())) for name in test.id[positions]]


def _corrupt(voxels: Tensor, column: Column, draws: list[Draws]) -> Tensor:
    """Damage (B, V, V, V) bool grids, each with its own draws."""
    if column == "half":
        return cut(voxels, torch.cat([own.normal(1, 3) for own in draws]))
    if column == "view":
        return visible(voxels, *torch.cat([cameras(1, own) for own in draws]).unbind(1))
    kind, percent = column.split("_")
    share = int(percent) / 100
    single = zip(voxels[:, None], draws, strict=True)  # (1, V, V, V) each
    if kind == "rand":
        return torch.cat([remove_random(one, share, own) for one, own in single])
    return torch.cat([remove_slices(one, round(share * voxels.shape[1]), own) for one, own in single])


def _errors(
    test: Voxels, column: Column, corruption: Corruption, repairs: Mapping[str, Repair], batch_size: int
) -> dict[str, NDArray[np.float64]]:
    """Return (N,) errors by row, NaN for samples that have no corrupted grid."""
    errors = {row: np.full(len(test), np.nan) for row in repairs}
    places = _batches(np.arange(len(corruption.positions)), batch_size)
    for some in track(list(places), f"repair {column}", console=Console(stderr=True), disable=not sys.stderr.isatty()):
        positions = corruption.positions[some]
        whole, damaged = test.batch(positions)["voxels"], unpack(corruption.bits[some], test.side)
        with torch.inference_mode():
            for row, repair in repairs.items():
                errors[row][positions] = voxel_error(repair(damaged), whole).numpy()
    return errors


def _batches(positions: NDArray[np.int64], size: int) -> Iterator[NDArray[np.int64]]:
    return (positions[start : start + size] for start in range(0, len(positions), size))


def _scores(errors: Mapping[str, list[NDArray[np.float64]]], test: Voxels) -> dict[str, Score]:
    """Return the means over classes and those of each class, over the repeats of a column."""
    scores: dict[str, Score] = {}
    for column, repeats in errors.items():
        by_class = [class_means(values, test.label, test.classes) for values in repeats]
        scores |= scores_over([_named(column, means) for means in by_class])
    return scores


def _named(column: str, means: Mapping[str, float]) -> dict[str, float]:
    by_class = {f"{column}/{name}": mean for name, mean in means.items()}
    return {column: float(np.mean(list(means.values()))), **by_class}


def _notes(column: Column, corruption: Corruption, test: Voxels) -> list[str]:
    if not corruption.came_with_data:
        return [f"{column}: damage generated by lessup"]
    missing = len(test) - len(corruption.positions)
    return [f"{column}: {missing} of {len(test)} samples have no damaged copy and are left out"] if missing else []


def _example_positions(test: Voxels) -> NDArray[np.int64]:
    return np.array([np.flatnonzero(test.label == label)[0] for label in np.unique(test.label)])


def _examples(test: Voxels) -> dict[str, NDArray[np.generic]]:
    chosen = _example_positions(test)
    return {"side": np.array(test.side), "example_id": test.id[chosen], "example_clean": test.bits[chosen]}


def _example_repairs(
    test: Voxels, column: Column, corruption: Corruption, repair: Repair
) -> dict[str, NDArray[np.generic]]:
    """Return the examples corrupted and repaired; those without a corrupted grid stay empty."""
    chosen = _example_positions(test)
    damaged = torch.zeros(len(chosen), corruption.bits.shape[1], dtype=torch.uint8)
    place = np.searchsorted(corruption.positions, chosen).clip(max=len(corruption.positions) - 1)
    has_copy = torch.from_numpy(corruption.positions[place] == chosen)
    damaged[has_copy] = corruption.bits[place][has_copy]
    with torch.inference_mode():
        repaired = repair(unpack(damaged, test.side)) & has_copy[:, None, None, None]
    return {
        f"example_{column}_corrupted": damaged.numpy(),
        f"example_{column}_repaired": pack(repaired.numpy()),
    }


def _class_error(
    rows: Mapping[str, Mapping[str, Score]], columns: tuple[Column, ...], test: Voxels
) -> dict[str, NDArray[np.generic]]:
    nowhere = Score(float("nan"))
    table = [
        [[scores.get(f"{column}/{name}", nowhere).mean for name in test.classes] for column in columns]
        for scores in rows.values()
    ]
    names = {"rows": list(rows), "columns": list(columns), "classes": list(test.classes)}
    return {"class_error": np.array(table), **{axis: np.array(values) for axis, values in names.items()}}
