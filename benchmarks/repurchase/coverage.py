"""How often 95 % limits hold the truth, over many simulated bases: python benchmarks/repurchase/coverage.py --bases 400."""

import argparse

import numpy as np

from churnlab import repurchase
from churnlab.errors import ConvergenceError
from churnlab.repurchase.simulate_histories import (
    simulate_bg_bb,
    simulate_drop_out_at_order,
    simulate_pareto_nbd,
    simulate_survivors,
)

AT_ORDER = {"r": 0.8, "alpha": 6.0, "a": 0.9, "b": 2.0}
AT_RANDOM = {"r": 0.8, "alpha": 6.0, "s": 0.9, "beta": 15.0}
CHANCES = {"alpha": 1.2, "beta": 1.5, "gamma": 0.7, "delta": 2.8}


def at_order(seed, ages, **options):
    return simulate_drop_out_at_order(ages, **AT_ORDER, **options, seed=seed)


CASES = {
    "BG/NBD": (AT_ORDER, at_order, repurchase.fit_bg_nbd),
    "MBG/NBD": (AT_ORDER, lambda seed, ages: at_order(seed, ages, from_start=True), repurchase.fit_mbg_nbd),
    "BG/CNBD-2": (AT_ORDER, lambda seed, ages: at_order(seed, ages, k=2), lambda rfm: repurchase.fit_bg_cnbd(rfm, k=2)),
    "MBG/CNBD-3": (
        AT_ORDER,
        lambda seed, ages: at_order(seed, ages, k=3, from_start=True),
        lambda rfm: repurchase.fit_mbg_cnbd(rfm, k=3),
    ),
    "Pareto/NBD": (
        AT_RANDOM,
        lambda seed, ages: simulate_pareto_nbd(ages, **AT_RANDOM, seed=seed),
        repurchase.fit_pareto_nbd,
    ),
    "BG/BB": (
        CHANCES,
        lambda seed, ages: simulate_bg_bb(np.arange(len(ages)) % 10 + 5, **CHANCES, seed=seed),
        repurchase.fit_bg_bb,
    ),
    "sBG": (
        {"alpha": 0.8, "beta": 2.0},
        lambda seed, ages: simulate_survivors(len(ages), alpha=0.8, beta=2.0, periods=10, seed=seed),
        repurchase.fit_shifted_beta_geometric,
    ),
    "BdW": (
        {"alpha": 0.5, "beta": 1.5, "c": 1.4},
        lambda seed, ages: simulate_survivors(len(ages), alpha=0.5, beta=1.5, c=1.4, periods=12, seed=seed),
        repurchase.fit_beta_discrete_weibull,
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bases", type=int, default=400)
    parser.add_argument("--customers", type=int, default=2000)
    options = parser.parse_args()
    ages = np.linspace(30, 60, options.customers)
    for name, (truth, simulate, fit) in CASES.items():
        values, hits, fitted = np.array(list(truth.values())), np.zeros(len(truth)), 0
        for seed in range(options.bases):
            try:
                tidy = fit(simulate(seed, ages)).tidy()
            except ConvergenceError:
                continue
            fitted += 1
            hits += ((tidy["conf_low"] <= values) & (values <= tidy["conf_high"])).to_numpy()
        shares = ", ".join(f"{term} {share:.1%}" for term, share in zip(truth, hits / fitted, strict=True))
        print(f"| {name} | {fitted} of {options.bases} | {shares} |", flush=True)


if __name__ == "__main__":
    main()
