"""Progress of what takes longer than two seconds, for whoever waits for it."""

import os
import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

__all__ = ["somebody_waits", "track"]

Item = TypeVar("Item")


def track(items: Iterable[Item], label: str, *, total: int | None = None) -> Iterator[Item]:
    """Yield items, and after two seconds show how far it has come.

    Nothing is shown where nobody waits: in a run of a study, whose output must not depend on the clock, and where
    standard error is no terminal and no notebook.

    Parameters
    ----------
    items
        Anything that can be iterated.
    label
        What is being done, in a word or two.
    total
        How many items there are, if they cannot be counted beforehand.

    Yields
    ------
    Item
        Each item.

    Examples
    --------
    >>> list(track(range(3), "counting"))
    [0, 1, 2]
    """
    from tqdm import tqdm

    yield from tqdm(items, desc=label, total=total, delay=2.0, leave=False, disable=not somebody_waits())


def somebody_waits() -> bool:
    """Return whether there is a notebook or a terminal to show progress in, outside a run of a study."""
    if "CHURNLAB_OUTPUT" in os.environ:
        return False
    return "ipykernel" in sys.modules or sys.stderr.isatty()
