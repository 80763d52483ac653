"""Conventions of the Net Promoter Score: the scale asked on, who is a detractor, who a promoter, how it is read."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.errors import ParameterError

__all__ = ["NPS_SCHEMES", "NpsScheme", "find_scheme", "nps_bands", "read_bands"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class NpsScheme:
    """A convention, which is stored with every score made by it.

    Attributes
    ----------
    name
        What it is called in tables.
    lowest, highest
        Ends of the scale.
    detractors_to
        The highest answer of a detractor.
    promoters_from
        The lowest answer of a promoter.

    Raises
    ------
    ParameterError
        If the cut-offs are not in order on the scale.

    Examples
    --------
    >>> NpsScheme(name="house rule", lowest=1, highest=5, detractors_to=3, promoters_from=5)
    NpsScheme(house rule: detractors 1-3, passives 4, promoters 5)
    """

    name: str
    lowest: int
    highest: int
    detractors_to: int
    promoters_from: int

    def __post_init__(self) -> None:
        if not self.lowest <= self.detractors_to < self.promoters_from <= self.highest:
            raise ParameterError(
                f"A scheme needs lowest ≤ detractors_to < promoters_from ≤ highest, not {self.lowest}, "
                f"{self.detractors_to}, {self.promoters_from}, {self.highest}."
            )

    def classify(self, values: Array) -> Array:
        """Return 1 for promoters, -1 for detractors, 0 for passives (n,), by the value of the answer; NaN stays."""
        kinds = (values >= self.promoters_from).astype(float) - (values <= self.detractors_to)
        known: Array = np.where(np.isnan(values), np.nan, kinds)
        return known

    @property
    def cut_offs(self) -> str:
        """Which answers are detractors, passives and promoters, in words."""
        parts = {
            "detractors": (self.lowest, self.detractors_to),
            "passives": (self.detractors_to + 1, self.promoters_from - 1),
            "promoters": (self.promoters_from, self.highest),
        }
        shown = [
            f"{name} {first}" if first == last else f"{name} {first}-{last}"
            for name, (first, last) in parts.items()
            if first <= last
        ]
        return ", ".join(shown)

    def __repr__(self) -> str:
        return f"NpsScheme({self.name}: {self.cut_offs})"


NPS_SCHEMES: Mapping[str, NpsScheme] = MappingProxyType(
    {
        "standard": NpsScheme(name="standard", lowest=0, highest=10, detractors_to=6, promoters_from=9),
        "one_to_ten": NpsScheme(name="one_to_ten", lowest=1, highest=10, detractors_to=6, promoters_from=9),
    }
)
"""The standard, asked from 0 to 10, and its form on questionnaires that begin at 1."""


def find_scheme(scheme: str | NpsScheme) -> NpsScheme:
    """Return a scheme by its name, or as it is.

    Raises
    ------
    ParameterError
        If there is none of that name.
    """
    if isinstance(scheme, NpsScheme):
        return scheme
    if scheme not in NPS_SCHEMES:
        raise ParameterError(
            f"`scheme` must be one of {', '.join(NPS_SCHEMES)} or a drivers.NpsScheme, not {scheme!r}."
        )
    return NPS_SCHEMES[scheme]


def nps_bands() -> pd.DataFrame:
    """Return the usual reading of scores, `low` ≤ score < `high`: a convention to be replaced by one's own.

    Examples
    --------
    >>> nps_bands()["low"].tolist()
    [-100.0, 0.0, 30.0, 50.0, 70.0]
    """
    return pd.DataFrame(
        {
            "low": [-100.0, 0.0, 30.0, 50.0, 70.0],
            "high": [0.0, 30.0, 50.0, 70.0, float("inf")],
            "reading": ["more detractors than promoters", "average", "good", "very good", "outstanding"],
        }
    )


def read_bands(score: Array, bands: pd.DataFrame) -> list[str]:
    """Return how scores (n,) read.

    Parameters
    ----------
    score
        Scores from -100 to 100.
    bands
        `low, high, reading`, each band half-open and following the one before; like :func:`nps_bands`.

    Raises
    ------
    ParameterError
        If a column is missing, or bands overlap, leave gaps or do not cover the scores.

    Examples
    --------
    >>> read_bands(np.array([-0.1, 0.0, 30.0, 100.0]), nps_bands())
    ['more detractors than promoters', 'average', 'good', 'outstanding']
    """
    absent = [name for name in ("low", "high", "reading") if name not in bands]
    if absent:
        raise ParameterError(f"The bands have no column `{absent[0]}`. Try: a table like drivers.nps_bands().")
    low, high = bands["low"].to_numpy(dtype=float), bands["high"].to_numpy(dtype=float)
    if not (low[1:] == high[:-1]).all() or not (low < high).all():
        raise ParameterError("Each band must begin where the one before it ends: low ≤ score < high.")
    known = score[~np.isnan(score)]
    if len(known) and not (low[0] <= known.min() and known.max() < high[-1]):
        raise ParameterError(f"The bands from {low[0]:g} to below {high[-1]:g} do not cover the score {known.max():g}.")
    names = bands["reading"].astype(str).tolist()
    return ["" if np.isnan(value) else names[int(np.searchsorted(low, value, side="right")) - 1] for value in score]
