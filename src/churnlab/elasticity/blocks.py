"""Rows in blocks: what is computed on the way stays near the processor, and takes no memory to speak of."""

from collections.abc import Iterator

__all__ = ["row_blocks"]


def row_blocks(n: int, size: int = 65_536) -> Iterator[slice]:
    """Yield n rows, in blocks of a size.

    Examples
    --------
    >>> list(row_blocks(100_000))
    [slice(0, 65536, None), slice(65536, 100000, None)]
    """
    return (slice(start, min(start + size, n)) for start in range(0, n, size))
