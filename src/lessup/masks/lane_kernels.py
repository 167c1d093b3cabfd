"""Eight floats as one value in compiled loops.

Rows of a few dozen floats are too short for what the compiler makes of plain loops over them: it first asks whether any
two rows overlap, and then has hardly a round to run. With loads, products and stores spelled out, nothing is asked.
"""

from collections.abc import Callable
from typing import Any, cast

from llvmlite import ir  # type: ignore[import-untyped]
from numba import extending, types
from numba.core import cgutils

WIDTH = 8
"""Floats that one value holds; a processor without 256-bit registers takes two for it."""

_FLOATS = ir.VectorType(ir.FloatType(), WIDTH)
_NUMBERS = ir.VectorType(ir.IntType(32), WIDTH)


class _Lanes(types.Type):
    def __init__(self) -> None:
        super().__init__(name="Lanes")


_LANES: Any = _Lanes()
_extending: Any = extending
_tools: Any = cgutils
_operation = cast(Callable[[Callable[..., Any]], Any], _extending.intrinsic)


def _as_vector(manager: Any, kind: Any) -> Any:
    return _extending.models.PrimitiveModel(manager, kind, _FLOATS)


_extending.register_model(_Lanes)(_as_vector)


def _constant(value: float) -> Any:
    return ir.Constant(_FLOATS, [value] * WIDTH)


def _call(builder: Any, name: str, *values: Any, to: Any = _FLOATS) -> Any:
    kind = ir.FunctionType(to, [value.type for value in values])
    return builder.call(_tools.get_or_insert_function(builder.module, kind, name), values)


def _place(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    """Return the address of the element of a flat float32 array, as that of a vector."""
    array = context.make_array(signature.args[0])(context, builder, arguments[0])
    return builder.bitcast(builder.gep(array.data, [arguments[1]]), _FLOATS.as_pointer())


@_operation
def load(_typing: Any, array: Any, at: Any) -> Any:
    """Return array[at : at + WIDTH] of a flat float32 array, with ``at`` not below 0."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.load(_place(context, builder, signature, arguments), align=4)

    return _LANES(array, at), generate


@_operation
def store(_typing: Any, array: Any, at: Any, lanes: Any) -> Any:
    """Write the lanes to array[at : at + WIDTH] of a flat float32 array, with ``at`` not below 0."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        builder.store(arguments[2], _place(context, builder, signature, arguments), align=4)
        return context.get_dummy_value()

    return types.void(array, at, lanes), generate


@_operation
def spread(_typing: Any, number: Any) -> Any:
    """Return lanes that all hold one float32."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        one = builder.insert_element(ir.Constant(_FLOATS, ir.Undefined), arguments[0], ir.IntType(32)(0))
        return builder.shuffle_vector(one, ir.Constant(_FLOATS, ir.Undefined), ir.Constant(_NUMBERS, None))

    return _LANES(number), generate


@_operation
def add(_typing: Any, left: Any, right: Any) -> Any:
    """Return left + right."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.fadd(*arguments)

    return _LANES(left, right), generate


@_operation
def add_product(_typing: Any, left: Any, right: Any, more: Any) -> Any:
    """Return left * right + more."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return _call(builder, "llvm.fmuladd.v8f32", *arguments)

    return _LANES(left, right, more), generate


@_operation
def larger(_typing: Any, left: Any, right: Any) -> Any:
    """Return the larger of both, lane by lane; none may be NaN."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        left, right = arguments
        return builder.select(builder.fcmp_ordered(">", left, right), left, right)

    return _LANES(left, right), generate


@_operation
def largest(_typing: Any, lanes: Any) -> Any:
    """Return the largest lane as a float32; none may be NaN."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return _folded(builder, arguments[0], lambda a, b: builder.select(builder.fcmp_ordered(">", a, b), a, b))

    return types.float32(lanes), generate


@_operation
def total(_typing: Any, lanes: Any) -> Any:
    """Return the sum of the lanes as a float32."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return _folded(builder, arguments[0], builder.fadd)

    return types.float32(lanes), generate


def _folded(builder: Any, lanes: Any, joined: Any) -> Any:
    """Join the upper half of the lanes with the lower until one is left."""
    half = WIDTH // 2
    while half:
        upper = [*range(half, 2 * half), *range(2 * half, WIDTH), *range(half)]
        order = ir.Constant(_NUMBERS, upper)
        lanes = joined(lanes, builder.shuffle_vector(lanes, ir.Constant(_FLOATS, ir.Undefined), order))
        half //= 2
    return builder.extract_element(lanes, ir.IntType(32)(0))


LEAST = -80.0
"""Exponent from which on powers count: those of e below are given as 0, and no product of them becomes subnormal."""

_LOG2_E = 1.4426950408889634
_LN_2 = (0.693359375, -2.12194440e-4)
"""Logarithm of 2 in two parts, the first with few bits, so that its multiples are exact."""

_TAYLOR = (1 / 720, 1 / 120, 1 / 24, 1 / 6, 1 / 2, 1.0, 1.0)


@_operation
def exponential(_typing: Any, lanes: Any) -> Any:
    """Return e to the power of the lanes, which lie in [-inf, 88], to a relative error below 1e-6; 0 below LEAST."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        counts = builder.fcmp_ordered(">=", arguments[0], _constant(LEAST))
        power = builder.select(counts, arguments[0], _constant(LEAST))
        half = _call(builder, "llvm.fmuladd.v8f32", power, _constant(_LOG2_E), _constant(0.5))
        whole = _call(builder, "llvm.floor.v8f32", half)
        rest = power
        for part in _LN_2:
            rest = _call(builder, "llvm.fmuladd.v8f32", whole, _constant(-part), rest)
        series = _constant(_TAYLOR[0])
        for factor in _TAYLOR[1:]:
            series = _call(builder, "llvm.fmuladd.v8f32", series, rest, _constant(factor))
        exponent = builder.add(builder.fptosi(whole, _NUMBERS), ir.Constant(_NUMBERS, [127] * WIDTH))
        doublings = builder.bitcast(builder.shl(exponent, ir.Constant(_NUMBERS, [23] * WIDTH)), _FLOATS)
        return builder.select(counts, builder.fmul(series, doublings), _constant(0.0))

    return _LANES(lanes), generate
