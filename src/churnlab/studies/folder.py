"""Run folders that appear whole or not at all.

A run is built in a staging folder beside its place and renamed into it. A staging folder holds a lock file, which
the system frees when its owner ends in whatever way: what is unlocked was left behind and is swept by the next run.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from churnlab.errors import ParameterError
from churnlab.studies.stopping import Stop

_PREFIX = ".staging-"
_REPLACED = "replaced-"
_LOCK = ".lock-"


@contextmanager
def one_at_a_time(place: Path, address: str, stop: Stop) -> Iterator[None]:
    """Let only one process or thread at a time make the run of an address; the others wait for it.

    Parameters
    ----------
    place : Path
        The folder of the study's runs; made if it is not there.
    address : str
        The run's.
    stop : Stop
        Ends the waiting.

    Yields
    ------
    None
        When it is this one's turn.

    Raises
    ------
    ParameterError
        If the folder cannot be written.
    KeyboardInterrupt
        If the waiting was stopped.
    """
    path = place / f"{_LOCK}{address}"
    try:
        place.mkdir(parents=True, exist_ok=True)
        lock = _wait_for(path, stop)
    except OSError as error:
        raise ParameterError(f"runs cannot be written to {place}: {error.strerror}") from None
    with lock:
        try:
            yield
        finally:
            path.unlink(missing_ok=True)  # while it is held: whoever waits for it finds it gone and makes a new one


def _wait_for(path: Path, stop: Stop) -> IO[str]:
    """Take a lock file, and make sure that it is still the one at its place."""
    while True:
        stop.check()
        lock = path.open("a")
        with suppress(BlockingIOError, FileNotFoundError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(lock.fileno()).st_ino == path.stat().st_ino:
                return lock
        lock.close()
        time.sleep(0.1)


@contextmanager
def staging(place: Path) -> Iterator[Path]:
    """Make a staging folder beside the runs of a study, and remove it at the end.

    Parameters
    ----------
    place : Path
        The folder of the study's runs; made if it is not there.

    Yields
    ------
    Path
        The staging folder.

    Raises
    ------
    ParameterError
        If the folder cannot be written.
    """
    try:
        place.mkdir(parents=True, exist_ok=True)
        with _locked(place / ".lock"):
            folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=place.resolve()))
            lock = (folder / "lock").open("w")
            fcntl.flock(lock, fcntl.LOCK_EX)
    except OSError as error:
        raise ParameterError(f"runs cannot be written to {place}: {error.strerror}") from None
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        lock.close()


def sweep(place: Path) -> None:
    """Remove what dead runs left behind; a run that one of them was about to replace goes back to its place.

    Parameters
    ----------
    place : Path
        The folder of the study's runs.

    Raises
    ------
    Nothing
        What cannot be removed now is left for another time.
    """
    if not place.is_dir():
        return
    with suppress(OSError), _locked(place / ".lock"):
        for folder in place.glob(f"{_PREFIX}*"):
            _remove_if_dead(folder, place)
        for path in place.glob(f"{_LOCK}*"):
            _remove_if_free(path)


def publish(built: Path, place: Path, *, replace: bool) -> bool:
    """Rename a finished run folder into its place.

    Parameters
    ----------
    built : Path
        The finished folder, inside a staging folder.
    place : Path
        Where it goes.
    replace : bool
        Whether a run that is already there gives way.

    Returns
    -------
    bool
        Whether the built run is now in its place; False if one was there and stays.

    Raises
    ------
    OSError
        If the disk refuses.
    """
    _flush(built)
    place.parent.mkdir(parents=True, exist_ok=True)
    staged, home = built.parent, built.parent.parent
    with _locked(home / ".lock"):
        if place.exists():
            if not replace:
                return False
            place.rename(staged / (_REPLACED + "-".join(place.resolve().relative_to(home).parts)))
        built.rename(place)
        _flush_folder(place.parent)
    return True


def _remove_if_dead(folder: Path, place: Path) -> None:
    with suppress(OSError), (folder / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _restore(folder, place)
        shutil.rmtree(folder)


def _remove_if_free(path: Path) -> None:
    with suppress(OSError), path.open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(lock.fileno()).st_ino == path.stat().st_ino:
            path.unlink()


def _restore(folder: Path, place: Path) -> None:
    for replaced in folder.glob(f"{_REPLACED}*"):
        former = place.joinpath(*replaced.name.removeprefix(_REPLACED).split("-"))
        if not former.exists():
            replaced.rename(former)


@contextmanager
def _locked(path: Path) -> Iterator[IO[str]]:
    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock


def _flush(folder: Path) -> None:
    """Make sure that every byte is on the disk before the folder gets its name."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as stream:
                os.fsync(stream.fileno())
        else:
            _flush_folder(path)
    _flush_folder(folder)


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
