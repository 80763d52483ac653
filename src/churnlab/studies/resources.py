"""How many studies this machine can run at the same time."""

from __future__ import annotations

import os
from pathlib import Path

GIGABYTE = 1 << 30
_PER_STUDY = GIGABYTE
"""What a study needs beside the engine's own limit: a kernel with its libraries, and a summary."""


def default_workers(*, processors: int | None = None, memory: int | None = None) -> int:
    """Return how many studies may run at once: one per processor, as long as each has 2 GB of memory.

    Parameters
    ----------
    processors, memory
        What there is, by default what this process may use; memory in bytes.

    Examples
    --------
    >>> default_workers(processors=8, memory=7 * GIGABYTE)
    3
    """
    processors = processors or len(os.sched_getaffinity(0))
    memory = memory or available_memory()
    return max(1, min(processors, memory // (2 * _PER_STUDY)))


def engine_memory(workers: int, *, memory: int | None = None) -> str:
    """Return the engine's limit in each of several studies, as the engine writes it.

    Examples
    --------
    >>> engine_memory(3, memory=9 * GIGABYTE)
    '2048MiB'
    """
    share = (memory or available_memory()) // workers - _PER_STUDY
    return f"{max(share, _PER_STUDY // 2) // (1 << 20)}MiB"


def available_memory() -> int:
    """Return the bytes of memory that can be had now, within the limit of the process's control group if it has one."""
    free = _meminfo() or os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit, used = _number("/sys/fs/cgroup/memory.max"), _number("/sys/fs/cgroup/memory.current")
    return min(free, limit - used) if limit is not None and used is not None else free


def _meminfo() -> int:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), 0)


def _number(path: str) -> int | None:
    try:
        return int(Path(path).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
