"""One fit and its forecasts, in a process of its own: python variants.py NAME histories.npz HORIZON."""

import json
import resource
import sys
import time
import warnings

import numpy as np
import pandas as pd

warnings.simplefilter("ignore")


def churnlab(model):
    from churnlab import repurchase

    fit_model = getattr(repurchase, f"fit_{model}")

    def run(rfm, horizon, clock):
        fit = clock("fit", lambda: fit_model(rfm))
        forecast = clock("forecast", lambda: fit.predict(rfm, horizon=horizon))
        return fit.theta.tolist(), forecast["p_alive"].sum(), forecast["estimate"].sum()

    return run


def lifetimes(name):
    sys.modules.setdefault("pkg_resources", type(sys)("pkg_resources"))  # which it asks for and does not use here
    import lifetimes

    def run(rfm, horizon, clock):
        fitter, columns = getattr(lifetimes, name)(), (rfm["frequency"], rfm["recency"], rfm["T"])
        clock("fit", lambda: fitter.fit(*columns))

        def forecast():
            alive = fitter.conditional_probability_alive(*columns)
            return alive, fitter.conditional_expected_number_of_purchases_up_to_time(horizon, *columns)

        alive, expected = clock("forecast", forecast)
        return list(fitter.params_), alive.sum(), expected.sum()

    return run


def pymc(name):
    from pymc_marketing import clv

    def run(rfm, horizon, clock):
        data = rfm[["frequency", "recency", "T"]].astype(float).assign(customer_id=range(len(rfm)))
        model = getattr(clv, name)(data=data)
        clock("fit", lambda: model.fit(method="map", progressbar=False))

        def forecast():
            alive = model.expected_probability_alive(data)
            return alive, model.expected_purchases(data, future_t=horizon)

        alive, expected = clock("forecast", forecast)
        terms = ("r", "alpha", "a", "b") if name == "BetaGeoModel" else ("r", "alpha", "s", "beta")
        return [float(model.fit_result[term].mean()) for term in terms], float(alive.sum()), float(expected.sum())

    return run


VARIANTS = {
    "bg_nbd churnlab": lambda: churnlab("bg_nbd"),
    "bg_nbd lifetimes": lambda: lifetimes("BetaGeoFitter"),
    "bg_nbd pymc": lambda: pymc("BetaGeoModel"),
    "pareto_nbd churnlab": lambda: churnlab("pareto_nbd"),
    "pareto_nbd lifetimes": lambda: lifetimes("ParetoNBDFitter"),
    "pareto_nbd pymc": lambda: pymc("ParetoNBDModel"),
}


def main(name, path, horizon):
    rfm, run, seconds = pd.DataFrame(dict(np.load(path))), VARIANTS[name](), {}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    def clock(part, work):
        start = time.process_time()
        result = work()
        seconds[part] = time.process_time() - start
        return result

    if "churnlab" in name:  # what is imported on first use is no part of a fit
        few = rfm.head(2000)
        run(few, horizon, lambda part, work: work())
    theta, alive, expected = run(rfm, horizon, clock)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        json.dumps(
            {
                **seconds,
                "peak": peak / 1e6,
                "before": before / 1e6,
                "theta": theta,
                "alive": float(alive),
                "expected": float(expected),
            }
        )
    )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]))
