"""Inner loops compiled by numba on first use and cached on disk.

Only modules whose name ends in ``_kernels`` import this, and they are imported only when there is something to do:
importing numba takes longer than all of ``import lessup`` may.
"""

from collections.abc import Callable
from typing import TypeVar, cast

from numba import njit

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """Compile a function for the types that it is called with; it runs without Python's lock."""
    return _cached(function, reassociate=False)


def compiled_reassociating(function: F) -> F:
    """Compile a function whose sums may be added in any order, so that they fill the lanes of the processor."""
    return _cached(function, reassociate=True)


def _cached(function: F, *, reassociate: bool) -> F:
    flags = {"reassoc", "contract", "nsz"} if reassociate else False
    try:
        return cast(F, njit(cache=True, nogil=True, fastmath=flags)(function))
    except RuntimeError:  # neither the package nor the user's cache folder can be written: compile in every process
        return cast(F, njit(nogil=True, fastmath=flags)(function))
