"""Settings read back from a file: hostile until checked."""

import dataclasses
import types
from collections.abc import Mapping
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from lessup.errors import RunError

T = TypeVar("T")


def parse(kind: type[T], values: Mapping[str, Any]) -> T:
    """Build a settings dataclass from what JSON holds, checking every name and type.

    Args:
        kind: a dataclass of plain values, tuples, literals and other such dataclasses.
        values: fields by name; those left out keep their defaults.

    Raises:
        RunError: a field does not exist or its value has another type.

    >>> from lessup.runs import Training
    >>> parse(Training, {"steps": 5}).steps
    5
    """
    if not isinstance(values, Mapping):
        raise RunError(f"settings of {kind.__qualname__} are {values!r}; wanted an object")
    hints = get_type_hints(kind)
    known = {field.name for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    if strange := sorted(set(values) - known):
        raise RunError(f"settings {', '.join(strange)} do not exist in {kind.__module__}: written by another version?")
    return kind(**{name: _parse(hints[name], value, name) for name, value in values.items()})


def _parse(hint: Any, value: Any, name: str) -> Any:
    if dataclasses.is_dataclass(hint):
        return parse(hint, value)  # type: ignore[arg-type]
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        if value is None and type(None) in arguments:
            return None
        return _parse(next(argument for argument in arguments if argument is not type(None)), value, name)
    if origin is tuple and isinstance(value, list | tuple):
        each = arguments[:1] * len(value) if arguments[-1:] == (...,) else arguments
        if len(each) == len(value):
            return tuple(_parse(part, item, name) for part, item in zip(each, value, strict=True))
    if origin is Literal and value in arguments:
        return value
    if hint is float and type(value) is int:
        return float(value)
    if hint in (int, float, bool, str) and type(value) is hint:
        return value
    raise RunError(f"setting {name} is {value!r}; wanted {hint}")
