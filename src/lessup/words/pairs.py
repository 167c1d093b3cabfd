"""Pairs of words that stand near one another, of a whole batch of texts at once."""

from typing import NamedTuple

import torch
from torch import Tensor

from lessup.transforms.draws import Draws


class Pairs(NamedTuple):
    """P pairs of a centre and a word near it.

    Attributes:
        centre: (P,) int64 places of words.
        near: (P,) int64.
        slot: (P,) int64, different for each, from 0 to below B T 2 window: where its random numbers are.
    """

    centre: Tensor
    near: Tensor
    slot: Tensor


def word_pairs(tokens: Tensor, keep: Tensor, window: int, draws: Draws) -> Pairs:
    """Draw which words are kept, and how far each centre looks to both sides within what is left of its sentence.

    Args:
        tokens: (B, T) int64 places of words, -1 between sentences.
        keep: (V,) probability that an occurrence is kept.
        window: largest distance; each centre has one from 1 to it.
        draws: source of random numbers.
    """
    num_rows, length = tokens.shape
    kept = (tokens >= 0) & (draws.uniform(num_rows, length) < keep[tokens.clamp(min=0)])
    reach = draws.integers(1, window + 1, num_rows, length)[kept]
    sentence = (tokens < 0).cumsum(1) + torch.arange(num_rows, device=tokens.device).unsqueeze(1) * (length + 1)
    sentence, place = sentence[kept], kept.flatten().nonzero().squeeze(1)
    word = tokens[kept]
    parts = []
    for distance in range(1, min(window, max(len(word) - 1, 0)) + 1):
        together = sentence[distance:] == sentence[:-distance]
        for side, (own, other) in enumerate(
            ((slice(None, -distance), slice(distance, None)), (slice(distance, None), slice(None, -distance)))
        ):
            chosen = together & (reach[own] >= distance)
            slot = place[own] * (2 * window) + 2 * (distance - 1) + side
            parts.append((word[own][chosen], word[other][chosen], slot[chosen]))
    if not parts:
        return Pairs(*(tokens.new_empty(0) for _ in range(3)))
    return Pairs(*(torch.cat(each) for each in zip(*parts, strict=True)))
