"""Features and targets of customers as of a date, from one SQL text."""

import json
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from churnlab.errors import DataError
from churnlab.features.baskets import calendar
from churnlab.features.compose import Population, compose
from churnlab.features.dialects import DIALECTS
from churnlab.features.feature import Feature, dictionary
from churnlab.features.fingerprints import fingerprint
from churnlab.features.grains import Cut
from churnlab.features.habits import frequency, money, rhythm, windows
from churnlab.features.history import to_days
from churnlab.features.request import Asked, check, choose
from churnlab.features.targets import TARGETS
from churnlab.features.units import require_whole
from churnlab.progress import track
from churnlab.tables import Table, to_date

__all__ = ["DEFAULTS", "Snapshot", "snapshot", "snapshots"]

DEFAULTS: tuple[Feature, ...] = (*frequency(), *rhythm(), *money(), *windows(), *calendar())
"""Features that need nothing but the required columns of ORDERS, and can be asked for by name."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Snapshot:
    """One row per customer as of a date, not computed until asked for.

    Attributes
    ----------
    features, targets
        What its columns are.
    cut
        Where time is cut.
    population
        Who is in it.
    tables
        What it is computed from, by name.
    """

    features: tuple[Feature, ...]
    targets: tuple[Feature, ...]
    cut: Cut
    population: Population
    tables: Mapping[str, Table]

    @property
    def sql(self) -> str:
        """The whole query; print it, check it, run it where you like."""
        return self._sql(None)

    def _sql(self, bucket: tuple[int, int] | None) -> str:
        return compose(
            {name: table.view for name, table in self.tables.items()},
            {name: table.columns for name, table in self.tables.items()},
            features=self.features,
            targets=self.targets,
            cut=replace(self.cut, bucket=bucket),
            population=self.population,
            dialect=DIALECTS[self.tables["orders"].engine.dialect],
        )

    def to_frame(self) -> pd.DataFrame:
        """Return the snapshot as a pandas frame, in order of `customer_id`.

        Raises
        ------
        DataError
            If nobody is in it.
        """
        frame = self.tables["orders"].engine.frame(self.sql)
        if frame.empty:
            raise DataError(f"Nobody is in the snapshot as of {self.cut.as_of.isoformat()} of {self.population}.")
        return frame

    def write(self, folder: str | Path, *, partitions: int = 1) -> Path:
        """Write the snapshot to Parquet files, unless the very same one is there.

        Parameters
        ----------
        folder
            Folder of snapshots; this one gets a folder of its own in it, ``as_of=1997-10-01``.
        partitions
            Number of groups of customers, worked on one after the other: with k of them, memory is about a k-th.

        Returns
        -------
        Path
            The snapshot's folder: one Parquet file per group, each in order of `customer_id`, and `manifest.json` with
            the query, the feature dictionary and a fingerprint of the data.

        Raises
        ------
        ParameterError
            If `partitions` is no whole number, 1 or more.
        OSError
            If the folder cannot be written.
        """
        partitions = require_whole("partitions", partitions)
        place = Path(folder) / f"as_of={self.cut.as_of.isoformat()}"
        manifest = self._manifest(partitions)
        if _reads(place / "manifest.json") == manifest:
            return place
        staged = place.with_name(f".{place.name}.{os.getpid()}")
        shutil.rmtree(staged, ignore_errors=True)
        staged.mkdir(parents=True)
        for number in track(range(partitions), "partitions"):
            sql = self._sql(None if partitions == 1 else (number, partitions))
            self.tables["orders"].engine.write(sql, staged / f"part-{number:04d}.parquet")
        (staged / "manifest.json").write_text(json.dumps(manifest, indent=1, ensure_ascii=False), encoding="utf-8")
        shutil.rmtree(place, ignore_errors=True)
        staged.rename(place)
        return place

    def _manifest(self, partitions: int) -> dict[str, Any]:
        names = {table.view: name for name, table in self.tables.items()}
        sql = re.sub(r"\bchurnlab_\d+\b", lambda view: names.get(view[0], view[0]), self.sql)
        return {
            "as_of": self.cut.as_of.isoformat(),
            "partitions": partitions,
            "features": self.dictionary().to_dict("records"),
            "data": {name: fingerprint(table) for name, table in self.tables.items()},
            "sql": sql.splitlines(),
        }

    def dictionary(self) -> pd.DataFrame:
        """Return the feature dictionary: `name, unit, meaning, table, expression` of features and targets."""
        return dictionary([*self.features, *self.targets])

    def __repr__(self) -> str:
        parts = f"{len(self.features)} features, {len(self.targets)} targets"
        return f"Snapshot(as of {self.cut.as_of.isoformat()}: {parts})"


def snapshot(
    tables: Table | Mapping[str, Table],
    *,
    as_of: str | date,
    features: Sequence[Asked] = DEFAULTS,
    targets: Sequence[Asked] = (),
    horizon: int = 0,
    gap: int = 0,
    population: Population | None = None,
    known: Mapping[str, str] | None = None,
    observed_until: str | date | None = None,
) -> Snapshot:
    """Describe customers as of a date, and what they did afterwards.

    Features see only rows strictly before `as_of`, targets only rows in [as_of + gap, as_of + gap + horizon).

    Parameters
    ----------
    tables
        A table of ORDERS, or tables by name: ``{"orders": …, "cases": …, "usage": …, "offers": …, "answers": …,
        "customers": …}``, on one engine.
    as_of
        The day from which on features know nothing.
    features
        Features, what builders return, or names out of :data:`DEFAULTS`.
    targets
        Targets, or names out of :data:`churnlab.features.TARGETS`.
    horizon, gap
        Length of the targets' window and days left out before it, in days.
    population
        Who is in the snapshot; by default everybody with an order before `as_of`.
    known
        For each table that has one, the column that says when a row became known: only rows known before `as_of` count.
    observed_until
        The day up to which, not including it, the orders are complete; by default the day after the last one.

    Returns
    -------
    Snapshot
        One row per customer; a feature is NULL where it has no meaning, say the time between orders of who ordered once.

    Raises
    ------
    DataError
        If a table that a feature needs is missing or lacks a column, no order lies before `as_of`, or the orders do not
        cover the targets' window.
    ParameterError
        If a name is unknown or used twice, an expression is not allowed, or a number is out of range.

    Examples
    --------
    >>> from churnlab import datasets
    >>> snap = snapshot(datasets.load_cdnow_sample(), as_of="1997-10-01", features=["orders", "recency_days"])
    >>> snap.to_frame().head(2)
      customer_id  orders  recency_days
    0       00004       3            60
    1       00018       1           270
    """
    given = {"orders": tables} if isinstance(tables, Table) else dict(tables)
    chosen = choose(features, DEFAULTS, "feature")
    wanted = choose(targets, TARGETS, "target")
    cut = Cut(as_of=to_date(as_of, "as_of"), horizon=horizon, gap=gap, known=dict(known or {}))
    check(given, chosen, wanted, cut, observed_until)
    return Snapshot(features=chosen, targets=wanted, cut=cut, population=population or Population(), tables=given)


def snapshots(tables: Table | Mapping[str, Table], *, as_of: Sequence[str | date], **options: object) -> pd.DataFrame:
    """Stack the snapshots of several dates: a panel to train on, and to evaluate by time.

    Parameters
    ----------
    tables
        As in :func:`snapshot`.
    as_of
        Dates that ascend.
    **options
        As in :func:`snapshot`.

    Returns
    -------
    DataFrame
        `as_of`, then the columns of :func:`snapshot`; one row per date and customer, in this order.

    Raises
    ------
    DataError
        As in :func:`snapshot`, for any of the dates.
    ParameterError
        As in :func:`snapshot`; or there are no dates, or they do not ascend.

    Examples
    --------
    >>> from churnlab import datasets
    >>> panel = snapshots(datasets.load_cdnow_sample(), as_of=["1997-07-01", "1997-10-01"], features=["orders"])
    >>> panel.groupby("as_of").size().tolist()
    [2357, 2357]
    """
    parts = []
    for day in track(to_days(as_of, "as_of"), "snapshots"):
        snap = snapshot(tables, as_of=day, **options)  # type: ignore[arg-type]
        frame = snap.to_frame()
        frame.insert(0, "as_of", pd.Timestamp(snap.cut.as_of))
        parts.append(frame)
    return pd.concat(parts, ignore_index=True)


def _reads(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError):
        return None
