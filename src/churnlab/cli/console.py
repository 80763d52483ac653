"""How commands speak: errors in one line, tables, progress, and the exit code."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, ParamSpec

import typer

from churnlab.errors import ChurnlabError, ParameterError

if TYPE_CHECKING:
    from churnlab.studies.execution import Progress

P = ParamSpec("P")

_STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_INTERRUPTED, _UNREAD, _TERMINATED = 130, 141, 143  # 128 and the number of the signal
_asked: list[int] = []  # the signals that came

Notebooks = Annotated[Path | None, typer.Option("--notebooks", help="The folder of studies.", show_default=False)]
Out = Annotated[Path, typer.Option("--out", help="The folder of all runs.")]
Force = Annotated[bool, typer.Option("--force", help="Run again what was run before.")]
Timeout = Annotated[float | None, typer.Option("--timeout", min=0.001, help="Seconds that a study may take.")]
Today = Annotated[str | None, typer.Option("--today", help="The day that `today`, `month-start`, … are about.")]


class Terminated(SystemExit):
    """The system asked the process to end; wherever it comes, the exit code is that of a termination."""


def terminate(number: int, frame: FrameType | None) -> None:
    """Turn the system's signal into an exception, so that everything is put away."""
    _asked.append(number)
    raise Terminated(_TERMINATED)


def _notice() -> None:
    """End now if the system asked to before: an exception that comes while a library is imported may be swallowed."""
    if _asked:
        raise Terminated(_TERMINATED)


def plainly(command: Callable[P, int]) -> Callable[P, None]:
    """Make a command end with its exit code, and with one clear message where it cannot go on."""

    @wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            code = command(*args, **kwargs)
            sys.stdout.flush()
        except ChurnlabError as error:
            code = say_error(str(error), 2)
        except Terminated:
            code = say_error("terminated; nothing half made was left", _TERMINATED)
        except KeyboardInterrupt:
            code = say_error("interrupted; nothing half made was left", _INTERRUPTED)
        except BrokenPipeError:  # nobody reads on, as after `| head`: not worth a word
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = _UNREAD
        except OSError as error:
            code = say_error(f"{error.filename or 'the disk'}: {error.strerror or error}", 1)
        raise typer.Exit(code)

    return wrapped


def say_error(message: str, code: int) -> int:
    """Say on standard error what is wrong, and return the exit code."""
    print(f"churnlab: {_harmless(message)}", file=sys.stderr)
    return code


def _harmless(text: str) -> str:
    """Leave out of a text what would steer a terminal, since it may hold what a table or a parameter holds."""
    return _STEERING.sub("�", text)


def read_texts(pairs: list[str]) -> dict[str, str]:
    """Split the texts of ``-p name=value``."""
    texts: dict[str, str] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals:
            raise ParameterError(f"-p takes name=value, but it was given {pair!r}")
        if name in texts:
            raise ParameterError(f"`{name}` was given twice")
        texts[name] = text
    return texts


@contextmanager
def cell_progress(name: str) -> Iterator[Progress]:
    """Show a bar that grows with each cell on a terminal, and plain lines elsewhere."""
    if not sys.stdout.isatty():

        def say(done: int, total: int) -> None:
            _notice()
            print(f"{name}: cell {done} of {total}", flush=True)

        yield say
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, transient=True) as bar:
        line = bar.add_task(name, total=None)

        def show(done: int, total: int) -> None:
            _notice()
            bar.update(line, completed=done, total=total)

        yield show


@contextmanager
def plan_progress(labels: Sequence[str]) -> Iterator[Callable[[int, int, int], None]]:
    """Show a bar for each study that is running on a terminal, and nothing elsewhere."""
    if not sys.stdout.isatty():
        yield lambda place, done, total: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    lines: dict[int, TaskID] = {}
    with Progress(*columns, transient=True) as bar:

        def show(place: int, done: int, total: int) -> None:
            if place not in lines:
                lines[place] = bar.add_task(labels[place], total=total)
            bar.update(lines[place], completed=done, visible=done < total)

        yield show


def print_table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """Print rows in columns: in a table on a terminal, as text with two spaces between elsewhere."""
    rows = [tuple(_harmless(" ".join(text.splitlines())) for text in row) for row in rows]
    if sys.stdout.isatty():
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(*head, box=None, header_style="bold", pad_edge=False)
        for row in rows:
            table.add_row(*map(Text, row))
        Console().print(table)
        return
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for row in (head, *rows):
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
