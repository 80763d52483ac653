"""Rows in blocks: what is computed on the way stays near the processor, and takes no memory to speak of."""

from collections.abc import Iterator

__all__ = ["row_blocks"]

_ROWS = 65_536


def row_blocks(n: int) -> Iterator[slice]:
    """Yield n rows, block by block.

    Examples
    --------
    >>> list(row_blocks(100_000))
    [slice(0, 65536, None), slice(65536, 100000, None)]
    """
    return (slice(start, min(start + _ROWS, n)) for start in range(0, n, _ROWS))
