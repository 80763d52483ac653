"""The result of an analysis of importance: estimates, resamples, and what follows from them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab import display

__all__ = ["ImportanceFit"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ImportanceFit:
    """How the explained variance of an outcome divides among u drivers or groups of drivers.

    Attributes
    ----------
    model, method
        Linear or proportional odds, and the measure.
    outcome
        What is explained.
    terms
        Names of the drivers or groups.
    estimate
        Importance (u,), in units of R² but for standardised coefficients.
    samples
        Importance in each resample (b, u).
    r_squared, r_squared_samples
        Share of the outcome's variance that is explained, and in each resample (b,).
    p_noise
        How often a driver of pure noise would be as important (u,); missing for groups.
    correlation, coefficient
        Of each driver with the outcome, and its regression coefficient in units of the answers (u,); missing for groups.
    n, n_left_out, n_complete, n_effective
        Answers that count; those that do not; those without a gap; how many equally weighted ones would be as precise.
    columns
        Number of columns in the regression.
    missing
        How gaps were handled.
    conf_level
        Of every interval.
    """

    model: str
    method: str
    outcome: str
    terms: tuple[str, ...]
    estimate: Array
    samples: Array
    r_squared: float
    r_squared_samples: Array
    p_noise: Array
    correlation: Array
    coefficient: Array
    n: int
    n_left_out: int
    n_complete: int
    n_effective: float
    columns: int
    missing: str
    conf_level: float

    @property
    def covariance(self) -> Array:
        """Of the importances (u, u), in the order of `tidy()`."""
        return np.atleast_2d(np.cov(self.samples.T))

    def tidy(self) -> pd.DataFrame:
        """Return one row per driver, in the order in which they were given.

        Returns
        -------
        DataFrame
            `term`; `estimate` with `std_error, conf_low, conf_high`; `share` of the total with `share_low, share_high`;
            `rank` (1 is the most important) with `rank_low, rank_high`; `p_noise`, the probability that pure noise
            would be as important; `correlation` with the outcome, `coefficient` (outcome per point), and
            `suppressor`, true where the two have opposite signs, so that the driver is important only together
            with others.
        """
        low, high = self._limits(self.samples)
        share_low, share_high = self._limits(_shares(self.samples))
        size, sizes = self._sizes()
        rank_low, rank_high = self._limits(_ranks(sizes), whole=True)
        return pd.DataFrame(
            {
                "term": list(self.terms),
                "estimate": self.estimate,
                "share": _shares(self.estimate[None])[0],
                "std_error": self.samples.std(axis=0, ddof=1),
                "conf_low": low,
                "conf_high": high,
                "share_low": share_low,
                "share_high": share_high,
                "rank": _ranks(size[None])[0].astype(int),
                "rank_low": rank_low.astype(int),
                "rank_high": rank_high.astype(int),
                "p_noise": self.p_noise,
                "correlation": self.correlation,
                "coefficient": self.coefficient,
                "suppressor": np.nan_to_num(self.correlation) * np.nan_to_num(self.coefficient) < 0,
            }
        )

    def differences(self) -> pd.DataFrame:
        """Return one row per pair of drivers: how much more important the first is.

        Returns
        -------
        DataFrame
            `first, second, estimate, std_error, conf_low, conf_high, p_value`; the p-value is twice the share of
            resamples on the other side of 0.
        """
        first, second = np.triu_indices(len(self.terms), 1)
        size, sizes = self._sizes()
        drawn = sizes[:, first] - sizes[:, second]
        low, high = self._limits(drawn)
        above, below = (drawn >= 0).sum(axis=0), (drawn <= 0).sum(axis=0)
        return pd.DataFrame(
            {
                "first": [self.terms[place] for place in first],
                "second": [self.terms[place] for place in second],
                "estimate": size[first] - size[second],
                "std_error": drawn.std(axis=0, ddof=1),
                "conf_low": low,
                "conf_high": high,
                "p_value": np.minimum(1.0, 2 * (1 + np.minimum(above, below)) / (1 + len(drawn))),
            }
        )

    def glance(self) -> pd.DataFrame:
        """Return one row for the whole.

        Returns
        -------
        DataFrame
            `model, method, outcome, draws, n, n_left_out, n_complete, n_effective, r_squared, r_squared_low, r_squared_high,
            adjusted_r_squared, missing, conf_level`; `draws` counts the resamples that determine what the drivers share.
            McFadden's R² is not adjusted.

        Notes
        -----
        What a small sample overstates R² by, the bootstrap does not see. Limits of R² are therefore those of the resampled
        log(1 - R²) around that of `adjusted_r_squared`, wider by the square root of the ratio that R² is adjusted by, mapped
        back; they end at 0 and always hold `r_squared`.
        """
        spare = self.n_effective - 1 - self.columns
        known = self.model == "linear" and spare > 0
        ratio = (self.n_effective - 1) / spare if known else 1.0
        adjusted = 1 - (1 - self.r_squared) * ratio
        low, high = self._r_squared_limits(adjusted, ratio)
        return pd.DataFrame(
            {
                "model": [self.model],
                "method": [self.method],
                "outcome": [self.outcome],
                "draws": [len(self.samples)],
                "n": [self.n],
                "n_left_out": [self.n_left_out],
                "n_complete": [self.n_complete],
                "n_effective": [self.n_effective],
                "r_squared": [self.r_squared],
                "r_squared_low": [low],
                "r_squared_high": [high],
                "adjusted_r_squared": [adjusted if known else np.nan],
                "missing": [self.missing],
                "conf_level": [self.conf_level],
            }
        )

    def _r_squared_limits(self, centre: float, ratio: float) -> tuple[float, float]:
        left = np.log1p(-np.minimum(np.append(self.r_squared_samples, centre), 1 - 1e-12))
        high, low = self._limits((left[:-1] - left[:-1].mean()) * np.sqrt(ratio) + left[-1])
        return max(0.0, min(-float(np.expm1(low)), self.r_squared)), max(-float(np.expm1(high)), self.r_squared)

    def _sizes(self) -> tuple[Array, Array]:
        """Return what ranks: importances, and of standardised coefficients the size without the sign."""
        if self.method == "standardised":
            return np.abs(self.estimate), np.abs(self.samples)
        return self.estimate, self.samples

    def _limits(self, drawn: Array, *, whole: bool = False) -> tuple[Array, Array]:
        tails = [(1 - self.conf_level) / 2, (1 + self.conf_level) / 2]
        low, high = np.quantile(drawn, tails, axis=0, method="inverted_cdf" if whole else "linear")
        return low, high

    def __repr__(self) -> str:
        shares = _shares(self.estimate[None])[0]
        best = np.argsort(-self._sizes()[0], kind="stable")[:3]
        parts = ", ".join(f"{self.terms[place]} {shares[place]:.0%}".replace("%", " %") for place in best)
        return f"ImportanceFit({self.method}: {parts} of R² = {self.r_squared:.2f}; {self.n:,} answers)"

    def _repr_html_(self) -> str:
        return display.to_html(self)


def _shares(values: Array) -> Array:
    shares: Array = values / np.abs(values).sum(axis=1, keepdims=True)
    return shares


def _ranks(values: Array) -> Array:
    order = np.argsort(-values, axis=1, kind="stable")
    ranks = np.empty(values.shape)
    np.put_along_axis(ranks, order, np.arange(1.0, values.shape[1] + 1)[None], axis=1)
    return ranks
