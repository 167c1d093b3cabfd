"""The exact nearest neighbours of many features among many, in bounded memory, and what they say of a class."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from lessup.errors import UsageError
from lessup.transforms.on_cpu import loops_suit, over_rows

Metric = Literal["cosine", "euclidean"]

BLOCK = 1 << 24
"""Distances held at once."""

AT_ONCE = 1 << 13
"""Queries whose candidates are held at once."""

LARGE = 1 << 32
"""Products from which on compiled loops pay on the CPU: fewer take a fraction of a second in any way."""


@dataclass(frozen=True)
class Neighbours:
    """The k nearest rows of a bank for each of M queries, the nearest first.

    Attributes:
        index: (M, k) int64 rows of the bank.
        distance: (M, k) Euclidean distance, or 1 minus the cosine.
    """

    index: Tensor
    distance: Tensor


def nearest(
    queries: Tensor, bank: Tensor, k: int, *, metric: Metric = "cosine", leave_out: Tensor | None = None
) -> Neighbours:
    """Find the k nearest rows of a bank for every query, exactly.

    Args:
        queries: (M, D) float32.
        bank: (N, D) float32, on the device of the queries.
        k: how many, at most N, or N - 1 with ``leave_out``.
        metric: what is near; a row of zeros has a cosine of 0 to every other.
        leave_out: (M,) int64, a row of the bank that each query must not find, such as itself.

    Returns:
        Neighbours on the device of the queries; of rows equally near, any.

    Raises:
        UsageError: the bank has fewer than k rows to find, or nothing at all is asked for.

    >>> bank = torch.tensor([[1.0, 0.0], [0.0, 2.0], [3.0, 3.0]])
    >>> nearest(torch.tensor([[0.0, 1.0]]), bank, 2).index
    tensor([[1, 2]])
    >>> nearest(bank, bank, 1, metric="euclidean", leave_out=torch.arange(3)).index.T
    tensor([[1, 0, 1]])
    """
    most = len(bank) - (leave_out is not None)
    if not 1 <= k <= most:
        raise UsageError(f"k = {k} neighbours were asked for, but the bank has {most} rows to find")
    queries, bank = queries.detach(), bank.detach()
    large = len(queries) * bank.numel() >= LARGE and 8 * k <= len(bank)
    if large and loops_suit(queries) and loops_suit(bank):
        return _in_loops(queries, bank, k, metric, leave_out)
    return _in_products(queries, bank, k, metric, leave_out)


def nearest_of_others(
    queries: Tensor, bank: Tensor, k: int, *, own: Tensor, group: Tensor, metric: Metric = "cosine"
) -> Neighbours:
    """Find the k nearest rows that are not of a query's own group, such as its copies or other views of it.

    Args:
        queries: (M, D) float32.
        bank: (N, D) float32, on the device of the queries.
        k: how many.
        own: (M,) int64 group of each query, one of the bank's or -1, which finds any row.
        group: (N,) int64 >= 0 of the bank.
        metric: see ``nearest``.

    Returns:
        Neighbours on the device of the queries.

    Raises:
        UsageError: a query has fewer than k rows of other groups to find, or nothing at all is asked for.

    >>> bank = torch.tensor([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0]])
    >>> nearest_of_others(bank[:1], bank, 1, own=torch.tensor([0]), group=torch.tensor([0, 0, 1])).index
    tensor([[2]])
    """
    largest = int(group.bincount()[own[own >= 0]].max()) if (own >= 0).any() else 0
    most = len(bank) - largest
    if not 1 <= k <= most:
        raise UsageError(f"{k} neighbours were asked for: wanted 1 to {most}, the others that there are to find")
    found = nearest(queries, bank, k + largest, metric=metric)
    order = (group[found.index] == own[:, None]).long().argsort(dim=1, stable=True)[:, :k]  # others first, as sorted
    return Neighbours(found.index.gather(1, order), found.distance.gather(1, order))


def weighted_vote(neighbours: Neighbours, label: Tensor, *, num_classes: int, temperature: float = 0.07) -> Tensor:
    """Let the neighbours of each query vote for their class, the nearer the louder.

    Args:
        neighbours: of M queries.
        label: (N,) int64 classes of the bank; those below 0 do not vote.
        num_classes: K.
        temperature: distance that makes a vote e times weaker; ``math.inf`` counts all alike.

    Returns:
        (M, K) shares of the votes.

    Source: Wu et al., *Unsupervised Feature Learning via Non-Parametric Instance Discrimination*, 2018, section 3.4;
    with the cosine, exp(-distance / temperature) is their weight but for a factor that all votes share.

    >>> found = Neighbours(torch.tensor([[0, 1]]), torch.tensor([[0.0, 0.07]]))
    >>> weighted_vote(found, torch.tensor([1, 0]), num_classes=2)
    tensor([[0.2689, 0.7311]])
    """
    voted = label[neighbours.index]
    weight = torch.softmax(-neighbours.distance / temperature, 1) * (voted >= 0)
    votes = torch.zeros(len(voted), num_classes, device=weight.device)
    return votes.scatter_add_(1, voted.clamp(min=0), weight)


def _in_products(queries: Tensor, bank: Tensor, k: int, metric: Metric, leave_out: Tensor | None) -> Neighbours:
    """Search by products of matrices, on any device."""
    if metric == "cosine":
        queries, bank = F.normalize(queries), F.normalize(bank)
    offset = bank.square().sum(1) / 2 if metric == "euclidean" else bank.new_zeros(len(bank))
    rows = max(1, BLOCK // len(bank))
    parts = [
        _nearest(queries[at : at + rows], bank, offset, k, None if leave_out is None else leave_out[at : at + rows])
        for at in range(0, len(queries), rows)
    ]
    index = torch.cat(parts) if parts else torch.empty(0, k, dtype=torch.int64, device=queries.device)
    return _sorted(queries, bank, index, metric)


def _nearest(queries: Tensor, bank: Tensor, offset: Tensor, k: int, leave_out: Tensor | None) -> Tensor:
    """Return (M, k) int64, unsorted, the largest q.b - offset; with |b|^2 / 2 these are the nearest."""
    score = torch.addmm(-offset, queries, bank.T)
    if leave_out is not None:
        score.scatter_(1, leave_out[:, None], -torch.inf)
    return score.topk(k, sorted=False).indices


def _sorted(queries: Tensor, bank: Tensor, index: Tensor, metric: Metric) -> Neighbours:
    """Measure the distances anew, without the cancellation of squares, and sort by them."""
    rows = max(1, BLOCK // (index.shape[1] * bank.shape[1]))
    parts = []
    for at in range(0, len(queries), rows):
        part = queries[at : at + rows, None], bank[index[at : at + rows]]  # (., 1, D), (., k, D)
        parts.append(1 - (part[0] * part[1]).sum(2) if metric == "cosine" else (part[0] - part[1]).norm(dim=2))
    distance, order = (torch.cat(parts) if parts else index.float()).sort(1)
    return Neighbours(index.gather(1, order), distance)


def _in_loops(queries: Tensor, bank: Tensor, k: int, metric: Metric, leave_out: Tensor | None) -> Neighbours:
    """Search on the CPU among vectors rounded to 16 bits, then measure what may be among the nearest exactly."""
    from lessup.probes import nearest_kernels as kernels  # imports numba, which takes longer than `import lessup` may

    if not kernels.processor_suits():
        return _in_products(queries, bank, k, metric, leave_out)
    queries, bank, cosine = queries.contiguous(), bank.contiguous(), metric == "cosine"
    centre = bank.new_zeros(bank.shape[1]) if cosine else bank.mean(0)  # the shorter the vectors, the finer
    rounded_bank, bank_length, bank_error = _rounded(bank, centre, -len(bank) % kernels.ROWS)
    rounded, length, error = _rounded(queries, centre, 0)
    panels = rounded_bank.view(-1, kernels.ROWS, rounded_bank.shape[1] // 2, 2).transpose(1, 2).contiguous()
    factor = torch.ones_like(bank_length) if cosine else bank_length
    offset = torch.zeros_like(factor) if cosine else bank_length.square() / 2
    scale = torch.ones_like(length) if cosine else length
    # |u.v - u'.v'| <= |u - u'| + |v - v'| + |u - u'| |v - v'| for vectors of length 1; the rest is what floats lose.
    loss = (factor * bank_error).max() + (1 + bank_error.max()) * error * factor.max() + 1e-5 * factor.max()
    margin = 2 * (scale * loss + 1e-6 * offset.max())
    offset[len(bank) :] = torch.inf
    whole_bank = panels.numpy(), factor.numpy(), offset.numpy()
    out = torch.full((len(queries),), -1) if leave_out is None else leave_out
    index, distance = torch.empty(len(queries), k, dtype=torch.int64), torch.empty(len(queries), k)
    count = torch.empty(len(queries), dtype=torch.int64)
    columns = (rounded, scale / kernels.LARGEST**2, margin, out, count, queries, length, index, distance)
    for at in range(0, len(queries), AT_ONCE):
        rows = [column[at : at + AT_ONCE].numpy() for column in columns]
        found = torch.empty(len(rows[0]), max(3 * k, 512), dtype=torch.int64).numpy()
        over_rows(lambda *some: kernels.candidates(*whole_bank, k, *some), *rows[:4], found, rows[4])
        over_rows(lambda *some: kernels.measure(bank.numpy(), bank_length.numpy(), cosine, *some), found, *rows[4:])
    hard = (count < 0).nonzero()[:, 0]
    if len(hard):
        rest = _in_products(queries[hard], bank, k, metric, None if leave_out is None else leave_out[hard])
        index[hard], distance[hard] = rest.index, rest.distance
    return Neighbours(index, distance)


def _rounded(vectors: Tensor, centre: Tensor, more: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return directions from the centre in 16 bits, their lengths and errors, with ``more`` rows of zeros at the end.

    The directions have an even number of dimensions, the last 0 if need be.
    """
    from lessup.probes import nearest_kernels as kernels

    rows, width = vectors.shape
    rounded = torch.zeros(rows + more, width + width % 2, dtype=torch.int16)
    length, error = torch.zeros(rows + more), torch.zeros(rows + more)
    over_rows(
        lambda *parts: kernels.round_vectors(parts[0], centre.numpy(), *parts[1:]),
        *(each.numpy() for each in (vectors, rounded[:rows], length[:rows], error[:rows])),
    )
    return rounded, length, error
