"""The files that a study reads: found, fingerprinted, and offered to it under names that hide the machine."""

from __future__ import annotations

import glob
import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from churnlab.errors import DataError, ParameterError
from churnlab.studies.parameters import Parameter
from churnlab.studies.values import suggestion


@dataclass(frozen=True, kw_only=True)
class InputFile:
    """One file: its name under the study's inputs, where it is, its size in bytes and its SHA-256."""

    name: str
    path: Path
    size: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Input:
    """What one parameter names: the value that the notebook sees, and the files behind it."""

    parameter: str
    given: str
    value: str
    files: tuple[InputFile, ...]

    @property
    def is_sample(self) -> bool:
        """Whether the kit's own data is meant, which the notebook finds by its name."""
        return not self.value.startswith("inputs/")


def find_inputs(parameters: Sequence[Parameter], values: Mapping[str, Any]) -> tuple[Input, ...]:
    """Find and fingerprint the files that the parameters of kind Path name.

    Parameters
    ----------
    parameters : sequence of Parameter
        What the study declares.
    values : mapping
        Its effective values: the name of a sample, or a file, folder or pattern seen from the working directory.

    Returns
    -------
    tuple of Input
        One for each parameter of kind Path that is not None.

    Raises
    ------
    ParameterError
        If a file is missing or cannot be read; all are named at once.
    """
    found, problems = [], []
    for parameter in parameters:
        given = values[parameter.name]
        if not parameter.is_input or given is None:
            continue
        try:
            found.append(_find(parameter.name, given))
        except ParameterError as error:
            problems.append(str(error))
        except OSError as error:  # a folder that may not be entered, a name that no file can have
            problems.append(f"`{parameter.name}` is {given!r}, which cannot be read: {error.strerror}")
    if problems:
        raise ParameterError("\n".join(problems))
    return tuple(found)


def link_inputs(inputs: Sequence[Input], folder: Path) -> None:
    """Link every file into a study's working directory, under the name that the study was told.

    Parameters
    ----------
    inputs : sequence of Input
        The study's inputs.
    folder : Path
        The working directory.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    for file in (file for given in inputs if not given.is_sample for file in given.files):
        link = folder / file.name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(file.path)


def check_unchanged(inputs: Sequence[Input]) -> None:
    """Make sure that the files still hold the bytes that were fingerprinted.

    Parameters
    ----------
    inputs : sequence of Input
        The study's inputs.

    Raises
    ------
    DataError
        If a file was changed or removed in the meantime.
    """
    for given in inputs:
        for file in given.files:
            if not file.path.is_file() or sha256_of(file.path) != file.sha256:
                raise DataError(f"the data changed while the study was running: {Path(file.name).name}; run it again")


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal digits, read in pieces."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _find(parameter: str, given: str) -> Input:
    from churnlab import datasets

    if given in datasets.names():
        file = _fingerprint(given, datasets.find(given), parameter)
        return Input(parameter=parameter, given=given, value=given, files=(file,))
    path = Path(os.path.abspath(Path(given).expanduser()))  # noqa: PTH100  (resolve() would follow links)
    files = _files_at(path)
    if not files:
        raise ParameterError(_missing(parameter, given, path))
    root = path.parent
    while glob.has_magic(str(root)) and not root.is_dir():
        root = root.parent
    prefix = f"inputs/{parameter}/"
    return Input(
        parameter=parameter,
        given=str(path),
        value=prefix + path.relative_to(root).as_posix(),
        files=tuple(_fingerprint(prefix + file.relative_to(root).as_posix(), file, parameter) for file in files),
    )


def _files_at(path: Path) -> list[Path]:
    """Return the file, the visible files of the folder, or those that match the pattern."""
    if path.is_file():
        return [path]
    if path.is_dir():
        found = [file for file in path.rglob("*") if not file.name.startswith(".")]
    else:
        found = [Path(name) for name in glob.glob(str(path), recursive=True)]  # noqa: PTH207  (a whole path)
    return sorted(file for file in found if file.is_file())


def _missing(parameter: str, given: str, path: Path) -> str:
    from churnlab import datasets

    if path.exists():
        return f"`{parameter}` is {given!r}, which is {'an empty folder' if path.is_dir() else 'no file that can be read twice'}"
    beside = [file.name for file in path.parent.iterdir()] if path.parent.is_dir() else []
    near = suggestion(path.name, [*beside, *datasets.names()])
    return f"`{parameter}` is {given!r}, but there is no such file or sample{near}"


def _fingerprint(name: str, path: Path, parameter: str) -> InputFile:
    try:
        return InputFile(name=name, path=path, size=path.stat().st_size, sha256=sha256_of(path))
    except OSError as error:
        raise ParameterError(f"`{parameter}`: {path} cannot be read: {error.strerror}") from None
