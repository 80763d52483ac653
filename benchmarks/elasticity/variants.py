"""One way to a number, timed: python variants.py VARIANT FILE prints its seconds, memory and result as JSON."""

import json
import os
import resource
import sys
import time

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np
import pandas as pd

FORMULA = "log_quantity ~ log_price + promoted | product^store + period"


def fit_churnlab(frame):
    """Fit by churnlab, the check of the table included."""
    from churnlab import elasticity

    fit = elasticity.fit_elasticity(frame, effects=("product:store", "period"), controls=("promoted",))
    return fit.elasticity.estimate, fit.elasticity.std_error


def stream_churnlab(path):
    """Fit the same from a file in pieces, the check included."""
    from churnlab import elasticity

    products = elasticity.to_cross_products(path, effects=("product:store", "period"), controls=("promoted",))
    fit = products.fit().elasticity
    return fit.estimate, fit.std_error


def fit_pyfixest(frame, demeaner):
    """Fit by pyfixest, logarithms included."""
    import pyfixest
    from pyfixest import demeaners

    ways = {
        "map": lambda: {"demeaner": demeaners.MapDemeaner(backend="rust")},
        "map_lean": lambda: {
            "demeaner": demeaners.MapDemeaner(backend="rust"),
            "lean": True,
            "copy_data": False,
            "store_data": False,
        },
        "lsmr": lambda: {"demeaner": demeaners.LsmrDemeaner()},
    }
    logs = frame.assign(log_quantity=np.log(frame["quantity"]), log_price=np.log(frame["price"]))
    fit = pyfixest.feols(FORMULA, logs, vcov={"CRV1": "product"}, **ways[demeaner]())
    return float(fit.coef()["log_price"]), float(fit.se()["log_price"])


def slopes_churnlab(frame):
    """Fit every product's elasticity by churnlab, the check included, drawn together too."""
    from churnlab import elasticity

    table = elasticity.fit_elasticities(frame, controls=("promoted", "trend")).tidy()
    return table["raw_estimate"].mean(), table["raw_std_error"].mean()


def slopes_formula(frame, products=250):
    """Loop over statsmodels formulas for some of the products; the caller scales the time."""
    import statsmodels.formula.api as smf

    found = []
    for _, rows in frame[frame["product"] < products].groupby("product"):
        fit = smf.ols("np.log(quantity) ~ np.log(price) + promoted + trend", rows).fit(cov_type="HC1")
        found.append((fit.params["np.log(price)"], fit.bse["np.log(price)"]))
    return tuple(np.mean(found, axis=0))


def slopes_arrays(frame):
    """Loop over statsmodels on arrays for all products."""
    import statsmodels.api as sm

    ends = np.flatnonzero(np.diff(frame["product"].to_numpy())) + 1
    columns = [np.log(frame["price"]), frame["promoted"], frame["trend"], np.ones(len(frame))]
    parts = np.split(np.column_stack(columns), ends)
    found = []
    for outcome, rows in zip(np.split(np.log(frame["quantity"].to_numpy()), ends), parts, strict=True):
        fit = sm.OLS(outcome, rows).fit(cov_type="HC1")
        found.append((fit.params[0], fit.bse[0]))
    return tuple(np.mean(found, axis=0))


def specify_churnlab(frame, times=100):
    """Time a further specification, a jackknife and a bootstrap test on cross-products that are there."""
    from churnlab import elasticity

    products = elasticity.to_cross_products(frame, effects=("product:store", "period"), controls=("promoted",))
    acts = {
        "specification": lambda: products.fit(("log_price",)),
        "jackknife": products.jackknife,
        "bootstrap": lambda: products.wild_bootstrap("log_price", value=-2.0),
    }
    for name, act in acts.items():
        act()
        start = time.process_time()
        for _ in range(times if name != "bootstrap" else 1):
            act()
        spent = (time.process_time() - start) / (times if name != "bootstrap" else 1)
        print(f"{name} {1000 * spent:.2f} ms", file=sys.stderr)
    fit = products.fit(("log_price",)).elasticity
    return fit.estimate, fit.std_error


FRAMES = {
    "specify": specify_churnlab,
    "fit": fit_churnlab,
    "slopes": slopes_churnlab,
    "slopes_formula": slopes_formula,
    "slopes_arrays": slopes_arrays,
    **{f"pyfixest_{way}": (lambda frame, way=way: fit_pyfixest(frame, way)) for way in ("map", "map_lean", "lsmr")},
}


def warm_up(variant):
    """Import what the variant imports, on a few rows, so that imports are not timed."""
    from prices import make_prices

    frame = make_prices(30, 3, 20, 0) if not variant.startswith("slopes") else make_prices(30, 1, 50, 0)
    if variant in FRAMES:
        FRAMES[variant](frame)
    else:
        import tempfile

        with tempfile.TemporaryDirectory() as folder:
            frame.to_parquet(f"{folder}/few.parquet")
            stream_churnlab(f"{folder}/few.parquet")


def main():
    """Time one variant."""
    variant, path = sys.argv[1:]
    warm_up(variant)
    data = pd.read_parquet(path) if variant in FRAMES else path
    act = FRAMES.get(variant, stream_churnlab)
    wall, cpu = time.perf_counter(), time.process_time()
    estimate, error = act(data)
    seconds = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(json.dumps({**seconds, "memory": memory, "estimate": float(estimate), "std_error": float(error)}))


if __name__ == "__main__":
    main()
