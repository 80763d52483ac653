"""Simulated churn data for the benchmarks: python benchmarks/survival/data.py ROWS SEED FOLDER.

Durations are integer days up to 1,000, about half are censored. `wide` has ten continuous covariates, `kinds` ten
two-level ones in months up to 36, `plans` the same by name, `pieces` and `diary` start-stop rows, whose covariates change.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

NAMES = [f"x{number}" for number in range(10)]


def wide(rows: int, seed: int) -> pd.DataFrame:
    """Return spells in days with ten continuous covariates."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 10))
    return _spells(x, np.linspace(-0.3, 0.3, 10), 700.0, 1000, rng)


def kinds(rows: int, seed: int) -> pd.DataFrame:
    """Return spells in months with ten covariates of two levels, which go together as those of customers do."""
    rng = np.random.default_rng(seed)
    taste = rng.normal(size=(rows, 1))
    x = (1.2 * taste + rng.normal(size=(rows, 10)) > 0.5).astype(float)
    return _spells(x, np.linspace(-0.3, 0.3, 10), 30.0, 36, rng)


def plans(rows: int, seed: int) -> pd.DataFrame:
    """Return spells in months with ten named covariates of two levels, as categories: those of `kinds`."""
    frame = kinds(rows, seed)
    return frame.assign(**{name: pd.Categorical(np.where(frame[name] > 0, "yes", "no")) for name in NAMES})


def pieces(rows: int, seed: int) -> pd.DataFrame:
    """Return start-stop rows: for up to two years, every 30 days from the start two of the covariates change."""
    rng = np.random.default_rng(seed)
    customers = rows // 12
    x = rng.normal(size=(customers, 10))
    lost = rng.integers(120, 720, customers)
    return _start_stop(x, lost, np.full(customers, 30), 0.001, rng)


def diary(rows: int, seed: int) -> pd.DataFrame:
    """Return start-stop rows: for up to three years, every 30 days of the calendar two of the covariates change."""
    rng = np.random.default_rng(seed)
    customers = rows // 12
    x = rng.normal(size=(customers, 10))
    lost = rng.integers(365, 1096, customers)
    return _start_stop(x, lost, rng.integers(1, 31, customers), 0.002, rng)


def _start_stop(
    x: np.ndarray, lost: np.ndarray, first: np.ndarray, rate: float, rng: np.random.Generator
) -> pd.DataFrame:
    risk = rate * np.exp(x @ np.linspace(-0.3, 0.3, 10))
    tables, here, start = [], np.arange(len(x)), np.zeros(len(x))
    stop = first.astype(float)
    while len(here):
        x[here, :2] = rng.normal(size=(len(here), 2))
        time = start + np.ceil(rng.exponential(size=len(here)) / risk[here])
        churned = time <= np.minimum(stop, lost[here])
        end = np.where(churned, time, np.minimum(stop, lost[here]))
        table = pd.DataFrame(x[here], columns=NAMES)
        tables.append(table.assign(customer_id=here, entry=start, duration=end, churned=churned))
        on = ~churned & (lost[here] > stop)
        here, start = here[on], stop[on]
        stop = start + 30
    return pd.concat(tables, ignore_index=True)


def _spells(x: np.ndarray, truth: np.ndarray, scale: float, last: int, rng: np.random.Generator) -> pd.DataFrame:
    time = np.ceil(rng.exponential(size=len(x)) * np.exp(-x @ truth) * scale)
    lost = rng.integers(1, last + 1, len(x))
    frame = pd.DataFrame(x, columns=NAMES)
    return frame.assign(duration=np.minimum(time, lost).astype(float), churned=time <= lost)


def main() -> None:
    """Write the five tables, as Parquet and as CSV for R."""
    rows, seed, folder = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    for make in (wide, kinds, plans, pieces, diary):
        frame = make(rows, seed)
        frame.to_pickle(folder / f"{make.__name__}.pickle")
        frame.assign(churned=frame["churned"].astype(int)).to_csv(folder / f"{make.__name__}.csv", index=False)


if __name__ == "__main__":
    main()
