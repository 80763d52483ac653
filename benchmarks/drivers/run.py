"""Time the satisfaction models beside their peers, in CPU seconds of one run.

    python benchmarks/drivers/run.py [--pingouin PYTHON] [--statsmodels]

`--pingouin` names a Python that has pingouin; `--statsmodels` fits the ordered logit with statsmodels too, which takes
minutes. Without them only churnlab is timed.
"""

import argparse
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from churnlab import drivers
from churnlab.drivers.shapley import shapley_values


def ratings(n: int, p: int, seed: int = 0) -> pd.DataFrame:
    """Return n answers from 1 to 10 to p overlapping drivers, and an outcome from 0 to 10."""
    rng = np.random.default_rng(seed)
    latent = rng.normal(size=(n, p)) + rng.normal(size=(n, 1))
    x = np.clip(np.rint(5.5 + 1.5 * latent), 1, 10)
    signal = x @ np.linspace(0.1, 1, p)
    y = 5.5 + 2 * (signal - signal.mean()) / signal.std() + rng.normal(size=n)
    return pd.DataFrame(x, columns=[f"x{place}" for place in range(p)]).assign(outcome=np.clip(np.rint(y), 0, 10))


def cpu(call: Callable[[], object], repeats: int = 3) -> float:
    """Return the median CPU seconds of a call."""
    seconds = []
    for _ in range(repeats):
        start = time.process_time()
        call()
        seconds.append(time.process_time() - start)
    return float(np.median(seconds))


def say(what: str, seconds: float, more: str = "") -> None:
    """Print one line of the table."""
    print(f"{what:<62} {seconds:10.3f} CPU s  {more}", flush=True)


def names(p: int) -> list[str]:
    return [f"x{place}" for place in range(p)]


def time_lmg(pingouin: str | None) -> None:
    """Time LMG by itself, on the same correlations."""
    frame = ratings(400, 20)
    correlation = np.corrcoef(frame.to_numpy().T)[None]
    units = [[place] for place in range(20)]
    ours = cpu(lambda: shapley_values(correlation, units), repeats=7)
    say("LMG of 20 drivers", ours)
    for p in (10, 15, 25):
        matrix = np.corrcoef(ratings(400, p).to_numpy().T)[None]
        say(f"LMG of {p} drivers", cpu(lambda m=matrix, k=p: shapley_values(m, [[i] for i in range(k)]), repeats=1))
    if pingouin:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "answers.csv"
            frame.to_csv(path, index=False)
            script = Path(__file__).with_name("pingouin_lmg.py")
            done = subprocess.run(  # noqa: S603
                [pingouin, str(script), str(path)], capture_output=True, text=True, check=True
            )
        numbers = [float(value) for value in done.stdout.strip().splitlines()[-1].split(",")]
        error = np.abs(np.array(numbers[1:]) - shapley_values(correlation, units)[0]).max()
        say(
            "LMG of 20 drivers, pingouin", numbers[0], f"ratio {numbers[0] / ours:,.0f}, largest difference {error:.1e}"
        )


def time_bootstrap() -> None:
    """Time the whole analysis with 1,000 resamples, noise test and checks."""
    for n, p, missing in ((10_000, 10, 0.0), (10_000, 10, 0.1), (1_000_000, 10, 0.0), (2_000, 15, 0.0)):
        frame = ratings(n, p)
        if missing:
            frame = frame.mask(np.random.default_rng(1).random(frame.shape) < missing)
        seconds = cpu(lambda f=frame, k=p: drivers.fit_importance(f, drivers=names(k)), repeats=1 if n > 1e5 else 3)
        say(f"fit_importance, {n:,} answers, {p} drivers, {missing:.0%} missing", seconds, "1,000 resamples")
    frame = ratings(10_000, 10)
    say(
        "  of which correlations and LMG of 1,000 resamples",
        cpu(lambda: _resamples_alone(frame)),
    )
    say("fit_dominance, 10,000 answers, 10 drivers", cpu(lambda: drivers.fit_dominance(frame, drivers=names(10)), 1))


def _resamples_alone(frame: pd.DataFrame) -> None:
    from churnlab.drivers.moments import to_moment_rows
    from churnlab.drivers.ratings import to_ratings
    from churnlab.drivers.resamples import resampled_correlations

    rows = to_moment_rows(to_ratings(frame, outcome="outcome", drivers=names(10)), missing="em", seed=0)
    for drawn in resampled_correlations(rows, draws=1000, seed=0):
        shapley_values(drawn, [[place] for place in range(10)])


def time_ordinal(statsmodels: bool) -> None:
    """Time proportional odds: 100,000 answers on 11 levels, 10 drivers."""
    frame = ratings(100_000, 10)
    ours = cpu(lambda: drivers.fit_ordinal(frame, drivers=names(10)))
    say("fit_ordinal, 100,000 answers, 11 levels, 10 drivers", ours)
    small = ratings(1_000, 8)
    say(
        "fit_ordinal_importance, 1,000 answers, 8 drivers",
        cpu(lambda: drivers.fit_ordinal_importance(small, drivers=names(8)), 1),
        "256 fits, 1,000 resamples",
    )
    if statsmodels:
        from statsmodels.miscmodels.ordinal_model import OrderedModel

        best = drivers.fit_ordinal(frame, drivers=names(10))
        for method in ("newton", "bfgs"):
            start = time.process_time()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model = OrderedModel(frame["outcome"], frame[names(10)], distr="logit")
                other = model.fit(method=method, disp=False, maxiter=500)
            seconds = time.process_time() - start
            error = np.abs(other.params.to_numpy()[:10] - best.coefficients).max()
            state = "converged" if other.mle_retvals["converged"] else "not converged"
            more = f"ratio {seconds / ours:,.0f}, {state}, largest difference {error:.1e}"
            say(f"  statsmodels OrderedModel, {method}", seconds, more)


def time_nps() -> None:
    """Time the scores of 1,000 segments on a million answers."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"recommend": rng.integers(0, 11, 1_000_000), "segment": rng.integers(0, 1000, 1_000_000)})
    say("fit_nps, 1,000,000 answers, 1,000 segments", cpu(lambda: drivers.fit_nps(frame, by=["segment"])))


def time_wide() -> None:
    """Time ten million answered questions becoming half a million questionnaires."""
    rng = np.random.default_rng(0)
    long = pd.DataFrame({"respondent_id": np.repeat(np.arange(500_000), 20), "item": np.tile(names(20), 500_000)})
    long["answer"] = rng.integers(0, 11, len(long))
    ours = cpu(lambda: drivers.to_wide(long), 1)
    say("to_wide, 10,000,000 answers to 20 questions", ours)
    other = cpu(lambda: long.pivot(index="respondent_id", columns="item", values="answer"), 1)
    say("  pandas pivot", other, f"ratio {other / ours:.1f}")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pingouin")
    parser.add_argument("--statsmodels", action="store_true")
    options = parser.parse_args()
    time_lmg(options.pingouin)
    time_bootstrap()
    time_ordinal(options.statsmodels)
    time_nps()
    time_wide()
    return 0


if __name__ == "__main__":
    sys.exit(main())
