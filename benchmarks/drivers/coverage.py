"""Coverage of the intervals by simulation: more surveys than the tests can afford.

python benchmarks/drivers/coverage.py [SURVEYS]
"""

import sys
from collections.abc import Callable

import numpy as np
import pandas as pd

from churnlab import drivers
from churnlab.drivers.moments import standardise
from churnlab.drivers.relative_weights import relative_weights
from churnlab.drivers.shapley import shapley_values

SLOPES = np.array([0.5, 0.4, 0.3, 0.2, 0.1, 0.0])
OWN = 0.4 + 0.6 * np.eye(6)
NAMES = [f"x{place}" for place in range(6)]
UNITS = [[place] for place in range(6)]


def population() -> np.ndarray:
    with_outcome = OWN @ SLOPES
    variance = np.array([[SLOPES @ with_outcome + 1.0]])
    joined = np.block([[OWN, with_outcome[:, None]], [with_outcome[None], variance]])
    return standardise(joined[None])


def survey(n: int, seed: int, gaps: float) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 6)) @ np.linalg.cholesky(OWN).T
    frame = pd.DataFrame(x, columns=NAMES).assign(outcome=x @ SLOPES + rng.normal(size=n))
    happy = frame["outcome"].to_numpy() > 0
    skipped = rng.random((n, 3)) < np.where(happy, 1.9, 0.1)[:, None] * gaps
    frame[NAMES[:3]] = frame[NAMES[:3]].mask(skipped)
    return frame


def main() -> int:
    surveys = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    truths: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "lmg": lambda matrix: shapley_values(matrix, UNITS)[0],
        "johnson": lambda matrix: relative_weights(matrix)[0],
    }
    print(f"share of {surveys:,} surveys in which 95 % limits hold the population's value; 6 drivers, then R²")
    for method, n, gaps in (
        ("lmg", 150, 0.0),
        ("lmg", 500, 0.0),
        ("johnson", 150, 0.0),
        ("johnson", 500, 0.0),
        ("lmg", 500, 1 / 3),
    ):
        truth = truths[method](population())
        hits = np.zeros(7)
        for seed in range(surveys):
            fit = drivers.fit_importance(
                survey(n, seed, gaps), drivers=NAMES, method=method, draws=500, seed=seed + 10**6
            )
            table, whole = fit.tidy(), fit.glance().iloc[0]
            hits[:6] += (table["conf_low"] <= truth) & (truth <= table["conf_high"])
            hits[6] += whole["r_squared_low"] <= truth.sum() <= whole["r_squared_high"]
        print(f"{method:8} n = {n:4} gaps {gaps:.0%} ", *(f"{share:.3f}" for share in hits / surveys), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
