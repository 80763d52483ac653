"""How often intervals hold the truth, over many simulated panels: python benchmarks/elasticity/coverage.py --panels 1000."""

import argparse

import numpy as np

from churnlab import elasticity


def main() -> None:
    """Simulate, fit, count, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--panels", type=int, default=1000)
    panels = parser.parse_args().panels
    covered: dict[str, list[bool]] = {}
    for seed in range(panels):
        for name, interval in intervals(seed).items():
            covered.setdefault(name, []).append(interval[0] < -2.0 < interval[1])
    for name, held in covered.items():
        print(f"| {name} | {np.mean(held):.3f} ± {np.std(held) / np.sqrt(len(held)):.3f} |")


def intervals(seed: int) -> dict[str, tuple[float, float]]:
    """Return the 95 % limits of each model on panels of its own kind; the truth is -2."""
    exogenous = elasticity.simulate_prices(30, 20, seed=seed, elasticity=-2.0, spread=0.0)
    endogenous = elasticity.simulate_prices(30, 20, seed=seed, elasticity=-2.0, spread=0.0, endogeneity=0.4)
    endogenous = endogenous.assign(log_cost=np.log(endogenous["cost"]))
    few = elasticity.simulate_prices(30, 20, seed=seed, elasticity=-2.0, spread=0.0, quantity=1.0, counts=True)
    instrumented = elasticity.fit_instrumented(endogenous, instruments=("log_cost",))
    fits = {
        "fit_elasticity, clustered": elasticity.fit_elasticity(exogenous).elasticity,
        "fit_elasticity, hc1": elasticity.fit_elasticity(exogenous, errors="hc1").elasticity,
        "fit_instrumented": instrumented.elasticity,
        "fit_poisson_elasticity": elasticity.fit_poisson_elasticity(few).elasticity,
        "fit_elasticity where price answers to demand": elasticity.fit_elasticity(endogenous).elasticity,
    }
    found = {name: (fit.conf_low, fit.conf_high) for name, fit in fits.items()}
    low, high = instrumented.anderson_rubin().iloc[0]
    return {**found, "Anderson-Rubin": (low, high)}


if __name__ == "__main__":
    main()
