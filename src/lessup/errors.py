"""The few errors that a user of lessup can meet.

Each refines a built-in, so that ``except ValueError`` keeps working, and each message says what was wanted, what
came and what to do. The command line prints the message alone and exits with 2.
"""


class LessupError(Exception):
    """Anything that a user can put right."""


class DataError(LessupError, ValueError):
    """The data cannot be used as asked: nothing found, damaged, of another size, labels that do not match."""


class UsageError(LessupError, ValueError):
    """A name, a flag or a combination of flags is wrong."""


class ShapeError(LessupError, ValueError):
    """A tensor or array has another shape, dtype or range than the function states."""


class RunError(LessupError, OSError):
    """A run folder cannot be used: it exists already, is not one, belongs to another method, or cannot be written."""


class CollapseError(LessupError, ArithmeticError):
    """Training collapsed or gave numbers that are not finite, and ``--on-collapse stop`` was asked for."""


class MissingExtraError(LessupError, ImportError):
    """An optional package is needed; the message names the extra that brings it."""
