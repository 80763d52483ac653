"""Reference numbers for scores from scikit-survival, on data without ties; run with a Python that has it.

The data are made here, so that both sides read the same file. scikit-survival takes the censoring weights at a customer's
time, churnlab just before it; without ties between leaving and being lost from sight the two are the same.
"""

from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from sksurv.metrics import brier_score, cumulative_dynamic_auc, integrated_brier_score
from sksurv.util import Surv

FOLDER = Path("tests/reference/survival")
TIMES = np.array([5.0, 10.0, 15.0, 20.0])

rng = np.random.default_rng(5)
n = 400
x = rng.normal(size=n)
ends = 20 * rng.exponential(size=n) * np.exp(-0.8 * x)
seen = rng.uniform(2, 40, n)
frame = pd.DataFrame({"duration": np.minimum(ends, seen).round(6), "churned": ends <= seen})
good = np.exp(-TIMES / 20 * np.exp(0.8 * x)[:, None])
flat = np.exp(-TIMES / 20 * np.exp(0.2 * x)[:, None]).round(2)
for name, values in (("good", good), ("flat", flat)):
    for place, time in enumerate(TIMES):
        frame[f"{name}_{time:g}"] = values[:, place].round(9)
frame.to_csv(FOLDER / "scores_data.csv", index=False)

y = Surv.from_arrays(frame["churned"], frame["duration"])
rows = []
for name in ("good", "flat"):
    values = frame[[f"{name}_{time:g}" for time in TIMES]].to_numpy()
    rows += [(name, "brier", t, v) for t, v in zip(TIMES, brier_score(y, y, values, TIMES)[1], strict=True)]
    rows.append((name, "integrated_brier", np.nan, integrated_brier_score(y, y, values, TIMES)))
    for place, time in enumerate(TIMES):
        rows.append((name, "auc", time, cumulative_dynamic_auc(y, y, 1 - values[:, place], [time])[0][0]))
out = pd.DataFrame(rows, columns=["model", "score", "time", "estimate"])
out.to_csv(FOLDER / "scores.csv", index=False, float_format="%.12g")
(FOLDER / "scores_made-with.txt").write_text(
    f"scikit-survival {version('scikit-survival')}, numpy {version('numpy')}\n"
)
