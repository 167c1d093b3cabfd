"""The words of a sentence."""

import re

_WORD = re.compile(r"\w+")


def words(text: str) -> list[str]:
    """Return runs of letters, digits and underscores in their order, in lower case.

    >>> words("Is there a T-shirt?")
    ['is', 'there', 'a', 't', 'shirt']
    """
    return _WORD.findall(text.lower())
