"""The result of a Net Promoter Score: its groups, how they read, and how they differ."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from churnlab import display
from churnlab.drivers.nps_scheme import NpsScheme, nps_bands, read_bands
from churnlab.errors import ParameterError
from churnlab.inference import normal_quantile

__all__ = ["NpsFit", "to_differences"]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class NpsFit:
    """Net Promoter Scores of one or more groups of respondents.

    Attributes
    ----------
    scheme
        The convention; scores of another one cannot be compared with these.
    by
        Columns that make up the groups; none for all respondents together.
    groups
        One row per group: its values of `by`, and the numbers of :meth:`tidy`.
    whole
        The same in one row for all respondents.
    interval
        Which limits are given.
    conf_level
        Of every interval.
    """

    scheme: NpsScheme
    by: tuple[str, ...]
    groups: pd.DataFrame
    whole: pd.DataFrame
    interval: str
    conf_level: float

    def tidy(self) -> pd.DataFrame:
        """Return one row per group.

        Returns
        -------
        DataFrame
            The columns of `by`; `scheme`, `n` answers, `n_effective` (equally weighted ones that would be as precise),
            `n_missing`; the shares `promoters, passives, detractors`; the score `estimate` from -100 to 100 with
            `std_error, conf_low, conf_high`.
        """
        return self.groups.drop(columns=["centre", "spread"])

    def glance(self) -> pd.DataFrame:
        """Return one row for all respondents: the columns of :meth:`tidy`, `groups`, `interval`, `conf_level`."""
        whole = self.whole.drop(columns=["centre", "spread"])
        return whole.assign(groups=len(self.groups), interval=self.interval, conf_level=self.conf_level)

    def read(self, bands: pd.DataFrame | None = None) -> pd.DataFrame:
        """Return :meth:`tidy` with `reading`: what the score is called in a table of bands.

        Parameters
        ----------
        bands
            `low, high, reading`, half-open; :func:`nps_bands` by default.

        Raises
        ------
        ParameterError
            If bands overlap, leave gaps or do not cover the scores.
        """
        reading = read_bands(self.groups["estimate"].to_numpy(), nps_bands() if bands is None else bands)
        return self.tidy().assign(reading=reading)

    def against(self, benchmark: float) -> pd.DataFrame:
        """Return how far each group is from a benchmark, which is taken to be known exactly.

        Parameters
        ----------
        benchmark
            A score by the same convention, from -100 to 100.

        Returns
        -------
        DataFrame
            The columns of `by`, `benchmark, estimate` (score less benchmark), `std_error, statistic, p_value,
            conf_low, conf_high`.

        Raises
        ------
        ParameterError
            If the benchmark is no score.
        """
        if not -100 <= benchmark <= 100:
            raise ParameterError(f"`benchmark` must be a score from -100 to 100, not {benchmark!r}.")
        labels = self.groups[list(self.by)].assign(benchmark=benchmark)
        difference = self.groups["estimate"] - benchmark
        return to_differences(
            labels, difference, self.groups["centre"] - benchmark, self.groups["spread"], self.conf_level
        )

    def changes(self, over: str = "wave") -> pd.DataFrame:
        """Return the change from each wave to the next, waves taken to be of different respondents.

        Parameters
        ----------
        over
            The column of `by` that holds the waves; they follow one another as they sort, or as their ordered
            categories do. Answers of no wave have no place among them.

        Returns
        -------
        DataFrame
            The other columns of `by`, `first, second` (waves), `estimate` (second less first), `std_error, statistic,
            p_value, conf_low, conf_high`.

        Raises
        ------
        ParameterError
            If the score was not fitted by that column.
        """
        if over not in self.by:
            raise ParameterError(f'The score was not fitted by `{over}`. Try: fit_nps(..., by=["{over}"]).')
        others = [name for name in self.by if name != over]
        keys = others or (lambda _: 0)
        known = self.groups[self.groups[over].notna()]
        before = known.groupby(keys, sort=False, observed=True, dropna=False).shift(1)
        later = before["estimate"].notna() & known["estimate"].notna()
        now, past = known[later], before[later]
        labels = now[others].assign(first=past[over], second=now[over])
        spread = (now["spread"] ** 2 + past["spread"] ** 2) ** 0.5
        change = now["estimate"] - past["estimate"]
        return to_differences(labels, change, now["centre"] - past["centre"], spread, self.conf_level)

    def __repr__(self) -> str:
        row = self.whole.iloc[0]
        limits = f"[{row['conf_low']:.1f}, {row['conf_high']:.1f}]"
        return f"NpsFit({row['estimate']:+.1f} {limits}, {self.scheme.name} scheme; {row['n']:,.0f} answers)"

    def _repr_html_(self) -> str:
        return display.to_html(self)


def to_differences(
    labels: pd.DataFrame, difference: pd.Series, centre: pd.Series, spread: pd.Series, conf_level: float
) -> pd.DataFrame:
    """Return labelled differences of scores with their tests; `centre` and `spread` are those of the interval chosen."""
    from scipy.special import ndtr

    z = normal_quantile(conf_level)
    statistic = centre / spread.where(spread > 0)
    return labels.assign(
        estimate=difference,
        std_error=spread,
        statistic=statistic,
        p_value=2 * ndtr(-statistic.abs()),
        conf_low=np.minimum(np.maximum(centre - z * spread, -200.0), difference),
        conf_high=np.maximum(np.minimum(centre + z * spread, 200.0), difference),
    ).reset_index(drop=True)
