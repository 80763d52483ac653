# ruff: noqa: PLW0108 - a task must run when it is timed, not when it is listed
"""One task by one library, timed in a process of its own: python benchmarks/survival/tasks.py LIBRARY TASK FOLDER."""

import contextlib
import json
import os
import resource
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd

NAMES = [f"x{number}" for number in range(10)]
DATA = {"kinds": "kinds", "plans": "plans", "pieces": "pieces", "diary": "diary", "discrete": "kinds"}


def to_score(frame: pd.DataFrame) -> np.ndarray:
    """Return a score of each customer, for the concordance."""
    if (frame.dtypes == "category").any():
        return np.zeros(len(frame))
    return frame[NAMES].to_numpy() @ np.linspace(-0.3, 0.3, 10)


def churnlab_tasks(frame: pd.DataFrame) -> dict[str, Callable[[], Any]]:
    """Return churnlab's way to each task."""
    from churnlab import survival

    fit = survival.fit_cox(frame.iloc[:5_000], covariates=NAMES)
    score = to_score(frame)

    def cox(**options: Any) -> Any:
        return survival.fit_cox(frame, covariates=NAMES, **options).coefficients

    def test() -> Any:
        mine = survival.fit_cox(frame, covariates=NAMES)
        return survival.check_proportional_hazards(mine, frame)["statistic"]

    return {
        "cox": cox,
        "kinds": cox,
        "plans": cox,
        "pieces": cox,
        "diary": cox,
        "robust": lambda: cox(std_errors="robust"),
        "ph_test": test,
        "concordance": lambda: survival.concordance(score, frame),
        "concordance_error": lambda: survival.score_concordance({"a": score}, frame)["std_error"],
        "weibull": lambda: survival.fit_aft(frame, covariates=NAMES).parameters[1:11],
        "discrete": lambda: survival.fit_discrete_hazard(frame, covariates=NAMES).coefficients,
        "predict": lambda: (
            survival.fit_cox(frame, covariates=NAMES).predict(frame, horizon=30, tenure=100)["estimate"].mean()
        ),
        "curves": lambda: fit.survival(frame, times=np.arange(30, 330, 30)).mean(),
    }


def lifelines_tasks(frame: pd.DataFrame) -> dict[str, Callable[[], Any]]:
    """Return lifelines' way to each task."""
    import lifelines
    from lifelines.statistics import proportional_hazard_test
    from lifelines.utils import concordance_index

    score = to_score(frame)
    some = [*NAMES, "duration", "churned"]
    coded = frame[some].iloc[:5_000].apply(lambda column: column.cat.codes if column.dtype == "category" else column)
    fit = lifelines.CoxPHFitter().fit(coded, "duration", "churned")

    def cox(**options: Any) -> Any:
        return lifelines.CoxPHFitter().fit(frame[some], "duration", "churned", **options)

    def pieces() -> Any:
        fitter = lifelines.CoxTimeVaryingFitter()
        columns = {"id_col": "customer_id", "start_col": "entry", "stop_col": "duration", "event_col": "churned"}
        return fitter.fit(frame, **columns).params_[NAMES].to_numpy()

    return {
        "cox": lambda: cox().params_.to_numpy(),
        "kinds": lambda: cox().params_.to_numpy(),
        "plans": lambda: cox(formula=" + ".join(NAMES)).params_.to_numpy(),
        "pieces": pieces,
        "diary": pieces,
        "robust": lambda: cox(robust=True).params_.to_numpy(),
        "ph_test": lambda: proportional_hazard_test(cox(), frame[some], "km").test_statistic,
        "concordance": lambda: concordance_index(frame["duration"], -score, frame["churned"]),
        "weibull": lambda: lifelines.WeibullAFTFitter().fit(frame[some], "duration", "churned").params_.to_numpy()[:10],
        "curves": lambda: float(np.mean(fit.predict_survival_function(frame, times=np.arange(30, 330, 30)))),
    }


def sksurv_tasks(frame: pd.DataFrame) -> dict[str, Callable[[], Any]]:
    """Return scikit-survival's way to each task."""
    from sksurv.linear_model import CoxPHSurvivalAnalysis
    from sksurv.metrics import concordance_index_censored
    from sksurv.util import Surv

    outcome = Surv.from_arrays(frame["churned"], frame["duration"])
    x = frame[NAMES].to_numpy()
    score = x @ np.linspace(-0.3, 0.3, 10)
    return {
        "cox": lambda: CoxPHSurvivalAnalysis(ties="efron").fit(x, outcome).coef_,
        "kinds": lambda: CoxPHSurvivalAnalysis(ties="efron").fit(x, outcome).coef_,
        "concordance": lambda: concordance_index_censored(frame["churned"].to_numpy(), frame["duration"], score)[0],
    }


def statsmodels_tasks(frame: pd.DataFrame) -> dict[str, Callable[[], Any]]:
    """Return statsmodels' way to each task."""
    from statsmodels.duration.hazard_regression import PHReg

    def cox() -> Any:
        return PHReg(frame["duration"], frame[NAMES], status=frame["churned"].astype(int), ties="efron").fit().params

    return {"cox": cox, "kinds": cox}


def main() -> None:
    """Run the task, and print seconds, memory and what was found."""
    library, task, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    warnings.simplefilter("ignore")
    frame = pd.read_pickle(folder / f"{DATA.get(task, 'wide')}.pickle")  # noqa: S301 - made by data.py just before
    make = globals()[f"{library}_tasks"]
    with contextlib.suppress(Exception):  # what is imported late is imported now
        make(frame.iloc[:2_000])[task]()
    run = make(frame)[task]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    wall, processor = time.perf_counter(), time.process_time()
    found = run()
    seconds, spent = time.perf_counter() - wall, time.process_time() - processor
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    values = np.atleast_1d(np.asarray(found, dtype=float))[:10].tolist()
    print(
        json.dumps(
            {"seconds": seconds, "processor": spent, "before": before / 1024, "peak": peak / 1024, "found": values}
        )
    )


if __name__ == "__main__":
    main()
