"""Competing reasons to leave: a hazard for each, and how many end by each of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab import display
from churnlab.errors import ConvergenceError, DataError, ParameterError
from churnlab.survival import fit_methods, predictions
from churnlab.survival.cox import fit_cox
from churnlab.survival.cox_fit import CoxFit
from churnlab.survival.joint_hazards import JointHazards
from churnlab.survival.observations import take_frame

__all__ = ["CauseSpecificFit", "fit_cause_specific"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class CauseSpecificFit:
    """A Cox model for each reason to leave.

    Attributes
    ----------
    fits
        By reason.
    conf_level
        Of every interval.
    """

    fits: Mapping[str, CoxFit]
    conf_level: float

    def tidy(self) -> pd.DataFrame:
        """Return one row per reason and term: `reason, term, estimate, std_error, …` as of a Cox model."""
        return self._stack({reason: fit.tidy() for reason, fit in self.fits.items()})

    def hazard_ratios(self) -> pd.DataFrame:
        """Return one row per reason and term: `reason, term, estimate, conf_low, conf_high, p_value`."""
        return self._stack({reason: fit.hazard_ratios() for reason, fit in self.fits.items()})

    def glance(self) -> pd.DataFrame:
        """Return one row per reason, as of a Cox model."""
        return self._stack({reason: fit.glance() for reason, fit in self.fits.items()})

    @staticmethod
    def _stack(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
        named = [table.assign(reason=reason)[["reason", *table.columns]] for reason, table in tables.items()]
        return pd.concat(named, ignore_index=True)

    def hazards(self, new: pd.DataFrame) -> JointHazards:
        """Return the hazards of leaving for any reason of new customers (n rows).

        Raises
        ------
        DataError
            If a covariate or a column of the strata is missing, has empty cells or an unknown level.
        """
        return JointHazards([fit.hazards(new) for fit in self.fits.values()])

    def cumulative_incidence(
        self, new: pd.DataFrame, *, reason: str, times: npt.ArrayLike, tenure: npt.ArrayLike = 0.0
    ) -> Array:
        """Return P(left for this reason by each of m times | still here at tenure) of n customers, (n, m).

        Parameters
        ----------
        new
            Covariates of n customers.
        reason
            One of the reasons of the fit.
        times
            As counted from the start of the spells (m,).
        tenure
            How long they have been here: one number, or one per row.

        Raises
        ------
        DataError
            As :meth:`hazards`.
        ParameterError
            If there is no such reason, a time is negative, or a tenure lies beyond the times.

        Notes
        -----
        Prentice et al. (1978), The analysis of failure times in the presence of competing risks. In each step of the
        hazards those who leave, 1 - exp(-dΛ) of those still here, are shared out by the reasons' hazards: over the reasons
        the incidences add up to 1 - survival exactly. R: ``coxph`` of a factor, whose ``survfit`` has wrong baselines in survival
        3.5-3.
        """
        if reason not in self.fits:
            raise ParameterError(f"There is no reason {reason!r}; there are {', '.join(map(repr, self.fits))}.")
        joint = self.hazards(new)
        start = predictions.per_row(tenure, len(new), "tenure")
        asked = np.atleast_1d(np.asarray(times, dtype=np.float64))
        predictions.refuse_bad_times(asked)
        place = list(self.fits).index(reason)
        found = np.empty((len(new), len(asked)))
        left, here, before = np.zeros(len(new)), np.ones(len(new)), start
        steps = np.union1d(joint.times[joint.times <= asked.max()], asked)
        for time in steps:
            now = np.maximum(time, before)
            parts = [part.cumulative(before, now) for part in joint.parts]
            total = np.sum(parts, axis=0)
            share = np.divide(parts[place], total, out=np.zeros_like(total), where=total > 0)
            left = left - here * np.expm1(-total) * share
            here, before = here * np.exp(-total), now
            found[:, asked == time] = left[:, None]
        found[asked[None, :] > joint.last[:, None] * (1 + 1e-12)] = np.nan
        return found

    survival = fit_methods.survival
    churn_probability = fit_methods.churn_probability
    expected_lifetime = fit_methods.expected_lifetime
    predict = fit_methods.predict

    def __repr__(self) -> str:
        counts = ", ".join(f"{reason}: {fit.events:,.0f}" for reason, fit in self.fits.items())
        return f"CauseSpecificFit({counts}; {next(iter(self.fits.values())).n:,.0f} customers)"

    def _repr_html_(self) -> str:
        return display.to_html(self)


def fit_cause_specific(spells: Any, *, reasons: Sequence[str] | None = None, **options: Any) -> CauseSpecificFit:
    """Fit a Cox model for each reason to leave; ends for the other reasons are taken as censored.

    Parameters
    ----------
    spells
        A frame that keeps the contract SPELLS, with `reason` for everybody who churned.
    reasons
        Which to fit; by default all that occur, by their names. What is left out is treated as censored everywhere.
    **options
        As of :func:`fit_cox`, except `reason`.

    Returns
    -------
    CauseSpecificFit

    Raises
    ------
    DataError, ConvergenceError, ParameterError
        As :func:`fit_cox`; a message about one reason names it.

    Examples
    --------
    >>> import pandas as pd
    >>> spells = pd.DataFrame({"duration": [2, 3, 5, 8, 9, 12], "age": [3, 1, 2, 2, 4, 1]})
    >>> spells["reason"] = ["price", None, "moved", "price", "moved", None]
    >>> fit_cause_specific(spells.assign(churned=spells["reason"].notna()), covariates=["age"])
    CauseSpecificFit(moved: 2, price: 2; 6 customers)
    """
    frame = take_frame(spells)
    if "reason" not in frame or "churned" not in frame:
        raise DataError("Reasons to leave take the columns `reason` and `churned`.")
    if reasons is None:
        seen = frame.loc[frame["churned"].astype(bool), "reason"].dropna().unique().tolist()
        reasons = sorted(seen, key=str)
    if not reasons:
        raise DataError("`reason` is empty in every row. Try: fit_cox, which takes all ends together.")
    fits = {}
    for reason in reasons:
        try:
            fits[reason] = fit_cox(frame, reason=reason, **options)
        except (DataError, ConvergenceError) as error:
            raise type(error)(f"Of the reason {reason!r}: {error}") from None
    return CauseSpecificFit(fits=fits, conf_level=next(iter(fits.values())).conf_level)
