"""Inner loops of the image transforms on the CPU; each gives the pixels of the batched torch code that it replaces."""

import numpy as np
from numpy.typing import NDArray

from lessup.transforms.compiled import compiled, compiled_reassociating

Floats = NDArray[np.float32]
Numbers = NDArray[np.int64]

CHUNK = 512
"""Pixels that stay in the nearest cache while their channels are mixed."""


@compiled
def _bands(low: np.float32, high: np.float32, length: int, first: Numbers, weights: Floats) -> int:
    """Fill the first input pixel of every output pixel and the (taps, size) weights from there on.

    Returns how many taps the widest output pixel has.
    """
    size, one, half, zero = len(first), np.float32(1), np.float32(0.5), np.float32(0)
    scale = np.float32((high - low) / np.float32(size))
    support = max(abs(scale), one)
    begin, end = max(int(np.floor(min(low, high))), 0), min(int(np.ceil(max(low, high))), length)
    weights[:] = 0
    most = 0
    for place in range(size):
        centre = np.float32(low + (np.float32(place) + half) * scale)
        start = min(max(begin, int(np.ceil(centre - support - half))), length - 1)
        stop = min(end, int(np.floor(centre + support - half)) + 1)
        first[place], total = start, zero
        for pixel in range(start, stop):
            weight = max(one - abs(np.float32(pixel) + half - centre) / support, zero)
            weights[pixel - start, place] = weight
            total += weight
        for pixel in range(start, stop):
            weights[pixel - start, place] /= max(total, np.float32(1e-12))
        most = max(most, stop - start)
    return most


@compiled
def resample(image: Floats, box: Floats, output: Floats) -> None:
    """Resample one box of each image.

    Args:
        image: (N, H, W, C), C order.
        box: (N, 4) left, top, right, bottom.
        output: (N, C, h, w) to fill.
    """
    number, height, width, channels = image.shape
    rows, columns = output.shape[2:]
    lines = image.reshape((number, height, width * channels))
    above, across = np.empty(rows, np.int64), np.empty(columns, np.int64)
    share_above, share_across = np.empty((height + 1, rows), np.float32), np.empty((width + 1, columns), np.float32)
    line = np.zeros(2 * width * channels, np.float32)  # what lies past its middle has no weight
    for n in range(number):
        num_above = _bands(box[n, 1], box[n, 3], height, above, share_above)
        num_across = _bands(box[n, 0], box[n, 2], width, across, share_across)
        begin, end = across.min() * channels, min(across.max() + num_across, width) * channels
        for row in range(rows):
            top = lines[n, above[row] :]
            _mix(top, share_above[:num_above, row], line[begin:end], begin)
            for channel in range(channels):
                _gather(line[channel:], across, channels, share_across[:num_across], output[n, channel, row])


@compiled
def _mix(lines: Floats, shares: Floats, result: Floats, begin: int) -> None:
    """Fill the result with the weighted sum of the lines, from ``begin`` on; two at once, to write it half as often."""
    taps = min(len(shares), len(lines))
    if taps == 0:
        result[:] = 0
    for tap in range(0, taps, 2):
        first, second = lines[tap, begin:], lines[min(tap + 1, taps - 1), begin:]
        one, other = shares[tap], shares[tap + 1] if tap + 1 < taps else np.float32(0)
        if tap == 0:
            for place in range(len(result)):
                result[place] = one * first[place] + other * second[place]
        elif one > 0:
            for place in range(len(result)):
                result[place] += one * first[place] + other * second[place]


@compiled
def _gather(line: Floats, start: Numbers, stride: int, shares: Floats, result: Floats) -> None:
    """Fill the result with weighted sums of values that lie a stride apart; two at once."""
    taps = len(shares)
    if taps == 0:
        result[:] = 0
    for tap in range(0, taps, 2):
        first, second = line[tap * stride :], line[min(tap + 1, taps - 1) * stride :]
        one, other = shares[tap], shares[min(tap + 1, taps - 1)]
        alone = np.float32(tap + 1 < taps)
        if tap == 0:
            for place in range(len(result)):
                at = start[place] * stride
                result[place] = one[place] * first[at] + alone * other[place] * second[at]
        else:
            for place in range(len(result)):
                at = start[place] * stride
                result[place] += one[place] * first[at] + alone * other[place] * second[at]


@compiled
def map_channels(image: Floats, matrix: Floats, offset: Floats, output: Floats) -> None:
    """Fill (B, C, P) with ``matrix @ pixel + offset`` of (B, C, P) pixels, clipped to [0, 1]."""
    batch, channels, length = image.shape
    for n in range(batch):
        for begin in range(0, length, CHUNK):
            end = min(begin + CHUNK, length)
            for to in range(channels):
                result = output[n, to, begin:end]
                result[:] = offset[n, to]
                for channel in range(channels):
                    weight, source = matrix[n, to, channel], image[n, channel, begin:end]
                    for place in range(end - begin):
                        result[place] += weight * source[place]
                for place in range(end - begin):
                    result[place] = min(max(result[place], np.float32(0)), np.float32(1))


@compiled_reassociating
def blur(image: Floats, taps: Floats, output: Floats) -> None:
    """Fill (B, C, H, W) with each image blurred by its taps, (B, R + 1) from the middle outwards, R < H and W."""
    batch, channels, height, width = image.shape
    reach = taps.shape[1] - 1
    line, lines = np.empty(width + 2 * reach, np.float32), np.empty((height + 2 * reach) * width, np.float32)
    for n in range(batch):
        last = reach
        while last > 0 and taps[n, last] < 1e-8:
            last -= 1
        for channel in range(channels):
            source, result = image[n, channel], output[n, channel]
            for row in range(height):
                line[reach : reach + width] = source[row]
                for step in range(1, last + 1):
                    line[reach - step] = source[row, step]
                    line[reach + width - 1 + step] = source[row, width - 1 - step]
                start = (reach + row) * width
                _fold(line, reach, 1, taps[n], last, lines[start : start + width])
            for step in range(1, last + 1):
                for here, there in ((-step, step), (height - 1 + step, height - 1 - step)):
                    to, of = (reach + here) * width, (reach + there) * width
                    lines[to : to + width] = lines[of : of + width]
            for row in range(height):
                _fold(lines, (reach + row) * width, width, taps[n], last, result[row])


@compiled_reassociating
def _fold(values: Floats, middle: int, stride: int, taps: Floats, last: int, result: Floats) -> None:
    """Fill the result with the weighted sum of the values from ``middle`` on and their neighbours on both sides.

    Two taps at once halve how often the result is read and written.
    """
    width = len(result)
    centre = values[middle:]
    for place in range(width):
        result[place] = taps[0] * centre[place]
    for step in range(1, last + 1, 2):
        near, far = step * stride, min(step + 1, last) * stride
        weight, further = taps[step], taps[step + 1] if step < last else np.float32(0)
        a, b, c, d = values[middle - near :], values[middle + near :], values[middle - far :], values[middle + far :]
        for place in range(width):
            result[place] += weight * (a[place] + b[place]) + further * (c[place] + d[place])
