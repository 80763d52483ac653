"""A way to end at once all the studies that run at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

GLANCE = 0.2  # seconds of waiting between two looks: a signal that comes just before an endless wait is not noticed


class Stop:
    """Ends what is running when it is asked to, and tells the rest not to begin.

    Threads that run studies hold on to it; the thread that was interrupted calls :meth:`now`.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._endings: set[Callable[[], None]] = set()
        self.requested = False

    def now(self) -> None:
        """End everything that is running, all at the same time, and wait until it has ended."""
        with self._lock:
            self.requested = True
            threads = [threading.Thread(target=end) for end in self._endings]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    @contextmanager
    def ending(self, end: Callable[[], None]) -> Iterator[None]:
        """Call `end` should a stop be asked for in this block.

        Raises
        ------
        KeyboardInterrupt
            If it was asked for before the block or in it.
        """
        with self._lock:
            self._endings.add(end)
        try:
            self.check()
            yield
        finally:
            with self._lock:
                self._endings.discard(end)
        self.check()

    def check(self) -> None:
        """Raise a KeyboardInterrupt if a stop was asked for."""
        if self.requested:
            raise KeyboardInterrupt
