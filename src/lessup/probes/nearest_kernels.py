"""The inner loops of the search for nearest neighbours on the CPU.

Vectors are rounded to 16 bits first, because processors multiply twice as many of those at once as of floats. A bound
on what rounding can change says which rows may still be among the nearest; those few are then measured exactly.
"""

from typing import Any

import numpy as np
from llvmlite import binding, ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from lessup.transforms.compiled import compiled, compiled_reassociating

Floats = NDArray[np.float32]
Numbers = NDArray[np.int64]

QUERIES, ROWS = 6, 16
"""Queries and rows of the bank whose products are summed at once: they fill the 16 registers of the processor."""

LARGEST = 32767
"""What 1 becomes when vectors of length 1 are rounded to 16 bits; then no sum of products passes 31 bits."""

HALVINGS = 24
"""Of the interval in which the k-th largest key is sought; what stays open only lets more rows be measured."""

BLOCK = 16 * QUERIES
"""Queries that stay in the second cache while the bank passes by."""


def processor_suits() -> bool:
    """Say whether the processor has the instruction that multiplies 16 pairs of 16-bit numbers (AVX2)."""
    return bool(binding.get_host_cpu_features().get("avx2", False))


@intrinsic
def _products(_context: Any, queries: Any, query: Any, panel: Any, number: Any, sums: Any, largest: Any) -> Any:
    """Write the (QUERIES, ROWS) int32 inner products of the queries from ``query`` on and one panel into ``sums``.

    The largest of each query goes into (QUERIES,) ``largest``.

    numba's own loops do not become the instruction that this is about (VPMADDWD), so its operations are spelled out.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        tools: Any = cgutils
        arrays = [context.make_array(signature.args[at])(context, builder, arguments[at]) for at in (0, 2, 4, 5)]
        index = arguments[1].type
        pairs = builder.udiv(tools.unpack_tuple(builder, arrays[0].shape)[1], index(2))
        eight, sixteen = ir.VectorType(ir.IntType(32), 8), ir.VectorType(ir.IntType(16), 16)
        multiply = tools.get_or_insert_function(
            builder.module, ir.FunctionType(eight, [sixteen, sixteen]), "llvm.x86.avx2.pmadd.wd"
        )
        flat = [builder.bitcast(array.data, ir.IntType(32).as_pointer()) for array in arrays]
        rows = [
            builder.gep(flat[0], [builder.mul(builder.add(arguments[1], index(row)), pairs)]) for row in range(QUERIES)
        ]
        bank = builder.gep(flat[1], [builder.mul(builder.mul(arguments[3], pairs), index(ROWS))])
        totals = [[tools.alloca_once_value(builder, ir.Constant(eight, None)) for _ in range(2)] for _ in rows]
        with tools.for_range(builder, pairs) as loop:
            at = builder.mul(loop.index, index(ROWS))
            halves = []
            for half in range(2):
                place = builder.gep(bank, [builder.add(at, index(8 * half))])
                halves.append(builder.load(builder.bitcast(place, sixteen.as_pointer()), align=4))
            for row, pair in zip(totals, rows, strict=True):
                one = builder.insert_element(
                    ir.Constant(eight, ir.Undefined), builder.load(builder.gep(pair, [loop.index])), ir.IntType(32)(0)
                )
                spread = builder.shuffle_vector(one, ir.Constant(eight, ir.Undefined), ir.Constant(eight, None))
                spread = builder.bitcast(spread, sixteen)
                for total, half in zip(row, halves, strict=True):
                    product = builder.call(multiply, [spread, half])
                    builder.store(builder.add(builder.load(total), product), total)
        reduce = tools.get_or_insert_function(
            builder.module, ir.FunctionType(ir.IntType(32), [eight]), "llvm.vector.reduce.smax.v8i32"
        )
        for number, total in enumerate(totals):
            left, right = (builder.load(half) for half in total)
            for half, value in enumerate((left, right)):
                place = builder.gep(flat[2], [index(ROWS * number + 8 * half)])
                builder.store(value, builder.bitcast(place, eight.as_pointer()), align=4)
            larger = builder.select(builder.icmp_signed(">", left, right), left, right)
            builder.store(builder.call(reduce, [larger]), builder.gep(flat[3], [index(number)]))
        return context.get_dummy_value()

    return types.void(queries, query, panel, number, sums, largest), generate


@compiled
def _shrink(key: Floats, index: Numbers, count: int, k: int, margin: np.float32) -> tuple[int, np.float32]:
    """Keep what may be among the k largest; return how many those are and the least key that still may be."""
    if count < k:
        return count, np.float32(-np.inf)
    # Halving the interval around the k-th largest reads the keys a few times, which is faster than sorting them.
    low, high = key[:count].min(), key[:count].max()
    for _ in range(HALVINGS):
        middle = np.float32(low + (high - low) * np.float32(0.5))
        above = np.int32(0)
        for place in range(count):
            above += np.int32(key[place] >= middle)
        if above >= k:
            low = middle
        else:
            high = middle
        if above == k:
            break
    least = np.float32(low - margin)
    kept = 0
    for place in range(count):
        if key[place] >= least:
            key[kept], index[kept] = key[place], index[place]
            kept += 1
    return kept, least


@compiled
def _any_above(
    sums: NDArray[np.int32],
    row: int,
    scale: np.float32,
    factor: Floats,
    offset: Floats,
    first: int,
    least: np.float32,
    key: Floats,
) -> bool:
    """Fill the (ROWS,) keys of one query and the rows from ``first`` on; say whether one is above the least."""
    above = np.int32(0)
    for place in range(len(key)):
        at = np.uint64(first + place)  # unsigned: no test whether it counts from the end
        value = np.float32(sums[np.uint64(row), np.uint64(place)]) * (scale * factor[at]) - offset[at]
        key[np.uint64(place)] = value
        above |= np.int32(value > least)
    return bool(above)


@compiled
def candidates(
    panels: NDArray[np.int16],
    factor: Floats,
    offset: Floats,
    k: int,
    queries: NDArray[np.int16],
    scale: Floats,
    margin: Floats,
    leave_out: Numbers,
    index: Numbers,
    count: Numbers,
) -> None:
    """Collect, for every query, the rows of the bank that may be among its k nearest.

    The key of a row is ``scale * factor * product - offset``; the larger, the nearer.

    Args:
        panels: (N / ROWS, D / 2, ROWS, 2) rounded bank.
        factor: (N,) of the rows.
        offset: (N,) of the rows; infinite where a row is not to be found.
        k: how many neighbours are wanted.
        queries: (M, D) rounded queries, D even.
        scale: (M,) of the queries.
        margin: (M,) by how much a key may be below the k-th largest and its row still among the nearest.
        leave_out: (M,) a row that is not to be found, or -1.
        index: (M, most) to fill with rows of the bank.
        count: (M,) to fill with how many they are; -1 where ``most`` were not enough, because too many are alike.
    """
    most = index.shape[1]
    sums, row_keys = np.empty((QUERIES, ROWS), np.int32), np.empty(ROWS, np.float32)
    largest = np.empty(QUERIES, np.int32)
    block, keys = np.zeros((BLOCK, queries.shape[1]), np.int16), np.empty((BLOCK, most), np.float32)
    least = np.empty(BLOCK, np.float32)
    for begin in range(0, len(queries), BLOCK):
        size = min(BLOCK, len(queries) - begin)
        block[:size] = queries[begin : begin + size]
        least[:size], count[begin : begin + size] = -np.inf, 0
        for panel in range(len(panels)):
            first = panel * ROWS
            most_factor, least_offset = factor[first], offset[first]
            for place in range(first + 1, first + ROWS):
                most_factor, least_offset = max(most_factor, factor[place]), min(least_offset, offset[place])
            for group in range(0, size, QUERIES):
                _products(block, group, panels, panel, sums, largest)  # type: ignore[call-arg]
                for row in range(group, min(group + QUERIES, size)):
                    query, known = begin + row, least[row]
                    # No key of the panel is above this: most panels need no closer look.
                    above = (
                        np.float32(max(largest[row - group], 0)) * (scale[query] * most_factor) * np.float32(1.000001)
                    )
                    if above - least_offset < known:
                        continue
                    if not _any_above(sums, row - group, scale[query], factor, offset, first, known, row_keys):
                        continue
                    for place in range(ROWS):
                        if row_keys[place] > least[row] and first + place != leave_out[query]:
                            keys[row, count[query]], index[query, count[query]] = row_keys[place], first + place
                            count[query] += 1
                            if count[query] == most:
                                left, bound = _shrink(keys[row], index[query], most, k, margin[query])
                                count[query], least[row] = (left, bound) if 4 * left < 3 * most else (-1, np.inf)
        for row in range(size):
            query = begin + row
            if count[query] >= 0:
                count[query], _ = _shrink(keys[row], index[query], count[query], k, margin[query])


@compiled_reassociating
def round_vectors(vectors: Floats, centre: Floats, rounded: NDArray[np.int16], length: Floats, error: Floats) -> None:
    """Round the directions of the vectors from a centre to 16 bits.

    Args:
        vectors: (N, D).
        centre: (D,).
        rounded: (N, D or more) to fill; what is over is left alone.
        length: (N,) to fill with the distances from the centre.
        error: (N,) to fill with how far rounding moved the directions.
    """
    for row in range(len(vectors)):
        total, lost = np.float32(0), np.float32(0)
        for place in range(len(centre)):
            total += (vectors[row, place] - centre[place]) ** 2
        length[row] = np.sqrt(total)
        scale = np.float32(LARGEST) / max(length[row], np.float32(1e-30))
        for place in range(len(centre)):
            wanted = (vectors[row, place] - centre[place]) * scale
            got = np.floor(wanted + np.float32(0.5))
            rounded[row, place] = np.int16(got)
            lost += (wanted - got) ** 2
        error[row] = np.sqrt(lost) / np.float32(LARGEST)


@compiled_reassociating
def _inner(first: Floats, second: Floats) -> np.float32:
    total = np.float32(0)
    for place in range(len(first)):
        total += first[place] * second[place]
    return total


@compiled_reassociating
def _squared_distance(first: Floats, second: Floats) -> np.float32:
    total = np.float32(0)
    for place in range(len(first)):
        total += (first[place] - second[place]) ** 2
    return total


@compiled
def measure(
    bank: Floats,
    bank_length: Floats,
    cosine: bool,
    found: Numbers,
    count: Numbers,
    queries: Floats,
    length: Floats,
    index: Numbers,
    distance: Floats,
) -> None:
    """Measure the candidates exactly, and keep the nearest in order.

    Args:
        bank: (N, D).
        bank_length: (N,) lengths of its rows; read for the cosine alone.
        cosine: whether the distance is 1 minus the cosine.
        found: (M, most) rows of the bank.
        count: (M,) how many they are; queries with -1 are left alone.
        queries: (M, D).
        length: (M,) their lengths.
        index: (M, k) to fill.
        distance: (M, k) to fill.
    """
    far = np.empty(found.shape[1], np.float32)
    tiny = np.float32(1e-30)
    for query in range(len(queries)):
        if count[query] < 0:
            continue
        for place in range(count[query]):
            row = found[query, place]
            if cosine:
                both = max(length[query], tiny) * max(bank_length[row], tiny)
                far[place] = np.float32(1) - _inner(queries[query], bank[row]) / max(both, tiny)
            else:
                far[place] = np.sqrt(_squared_distance(queries[query], bank[row]))
        order = np.argsort(far[: count[query]])
        for place in range(index.shape[1]):
            index[query, place] = found[query, order[place]]
            distance[query, place] = far[order[place]]
