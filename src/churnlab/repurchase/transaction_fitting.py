"""How every model of orders is fitted: histories counted, times and covariates scaled, likelihood maximised."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from churnlab.errors import ConvergenceError, DataError, ParameterError
from churnlab.inference import normal_quantile
from churnlab.likelihood import Maximum, maximise
from churnlab.repurchase.covariates import Covariates, read_covariates, to_covariates
from churnlab.repurchase.distinct import Counts, count_histories, require_repeat_buyers
from churnlab.repurchase.history import to_history
from churnlab.repurchase.transaction_fit import TransactionFit
from churnlab.repurchase.transaction_likelihood import total_log_likelihood
from churnlab.repurchase.transaction_model import TransactionModel

__all__ = ["fit_transactions"]

Array = npt.NDArray[np.float64]

_MANY, _FEW = 8_000, 8_000
"""From so many histories on the search begins on those of so few customers, evenly taken."""
_LARGEST = 1e6
"""An estimate beyond this, or below its inverse, means that customers do not differ in what it tells of."""


def fit_transactions(
    model: TransactionModel,
    rfm: Any,
    *,
    purchase: Iterable[str] = (),
    drop_out: Iterable[str] = (),
    penalty: float = 0.0,
    conf_level: float = 0.95,
) -> TransactionFit:
    """Fit a model of orders by maximum likelihood.

    Parameters
    ----------
    model
        Its formulas.
    rfm
        A frame that keeps the contract RFM.
    purchase, drop_out
        Columns of `rfm` that change buying rates and drop-out.
    penalty
        On the squares of logarithms, 0 or more.
    conf_level
        Of every interval.

    Raises
    ------
    DataError
        If the frame breaks the contract, holds one customer only, nobody has ordered again, or a covariate will not do.
    ConvergenceError
        If the likelihood has no maximum.
    ParameterError
        If an option is out of range.
    """
    normal_quantile(conf_level)
    if not (isinstance(penalty, int | float) and 0 <= penalty < float("inf")):
        raise ParameterError(f"`penalty` must be 0 or more, not {penalty!r}.")
    history = to_history(rfm)
    model.check(history)
    covariates = to_covariates(model, purchase, drop_out)
    counts = count_histories(history, read_covariates(rfm, covariates.columns))
    require_repeat_buyers(counts)
    scale = _to_scale(model, covariates, counts)
    maximum = _maximum(model, covariates, scale.apply(counts), penalty)
    k = len(model.terms)
    u = np.append(np.log(maximum.estimate[:k]), maximum.estimate[k:])
    slope = np.append(maximum.estimate[:k], np.ones(len(u) - k))
    theta, covariance = scale.back(u, maximum.covariance / np.outer(slope, slope), k)
    stages = model.k * float(counts.weight @ counts.frequency.rows)
    return TransactionFit(
        model=model,
        covariates=covariates,
        theta=theta,
        covariance=covariance,
        n=counts.n,
        log_likelihood=maximum.log_likelihood + penalty / 2 * float(u @ u) - stages * float(np.log(scale.unit)),
        penalty=float(penalty),
        conf_level=conf_level,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Scale:
    """The unit of time, and centre and spread of the covariates (c,), that the search is made in."""

    unit: float
    centre: Array
    spread: Array
    move: Array
    """What takes estimates (logarithms of parameters, and effects) back to those of the data, (size, size)."""
    shift: Array
    """What is added then (size,)."""

    def apply(self, counts: Counts) -> Counts:
        return replace(counts.in_units(self.unit), covariates=(counts.covariates - self.centre) / self.spread)

    def back(self, u: Array, covariance: Array, k: int) -> tuple[Array, Array]:
        """Return the estimates of the data, and their covariance."""
        real = self.move @ u + self.shift
        theta = np.append(np.exp(real[:k]), real[k:])
        slope = np.append(theta[:k], np.ones(len(theta) - k))
        return theta, self.move @ covariance @ self.move.T * np.outer(slope, slope)


def _to_scale(model: TransactionModel, covariates: Covariates, counts: Counts) -> _Scale:
    centre = counts.weight @ counts.covariates / counts.n
    spread = np.sqrt(counts.weight @ (counts.covariates - centre) ** 2 / counts.n)
    for name, width, middle in zip(covariates.columns, spread, centre, strict=True):
        if width <= 1e-12 * abs(middle):
            raise DataError(f"The covariate {name!r} is the same for every customer, so that it can explain nothing.")
    k, unit = len(model.terms), model.unit(counts)
    move = np.eye(k + len(covariates.effects))
    for row, (place, sign, column) in enumerate(covariates.effects, start=k):
        move[row, row] = 1 / spread[column]
        move[place, row] = -sign * centre[column] / spread[column]
    shift = np.zeros(len(move))
    shift[: len(model.terms)] = [np.log(unit) if term in model.times else 0.0 for term in model.terms]
    return _Scale(unit=unit, centre=centre, spread=spread, move=move, shift=shift)


def _maximum(model: TransactionModel, covariates: Covariates, counts: Counts, penalty: float) -> Maximum:
    names = (*model.terms, *covariates.terms)
    starts = [np.append(start, np.zeros(len(covariates.effects))) for start in model.starts]
    positive = np.arange(len(names)) < len(model.terms)

    def climb(some: Counts, begin: Iterable[Array]) -> Maximum:
        return maximise(
            lambda theta: total_log_likelihood(model, covariates, theta, some, penalty=penalty),
            names,
            begin,
            positive=positive,
        )

    try:
        near = _near(counts, starts, climb)
        try:
            found = climb(counts, near or starts)
        except ConvergenceError:
            if not near:
                raise
            found = climb(counts, starts)
        _refuse_extremes(names[: len(model.terms)], found.estimate)
    except ConvergenceError as error:
        raise ConvergenceError(f"{error} {_reason(model, counts)}") from None
    return found


def _near(counts: Counts, starts: list[Array], climb: Callable[[Counts, Iterable[Array]], Maximum]) -> list[Array]:
    """Return the maximum of a part of many customers, to start from; nothing where there are few, or it has none."""
    if len(counts) < _MANY:
        return []
    some = counts.sample(_FEW)
    for start in starts:
        try:
            return [climb(some, [start]).estimate]
        except ConvergenceError:
            continue
    return []


def _refuse_extremes(names: tuple[str, ...], estimate: Array) -> None:
    away = [name for name, value in zip(names, estimate, strict=False) if not 1 / _LARGEST < value < _LARGEST]
    if away:
        raise ConvergenceError(f"The likelihood hardly changes any more as {', '.join(away)} runs off.")


def _reason(model: TransactionModel, counts: Counts) -> str:
    repeat = counts.weight[counts.frequency.rows > 0].sum()
    buying, leaving = ", ".join(model.terms[:2]), ", ".join(model.terms[2:])
    return (
        f"{repeat:,.0f} of {counts.n:,.0f} customers ordered again. The data do not tell dropping out ({leaving}) from buying "
        f"seldom ({buying}): there may be no drop-out, or too few customers or too short a time to see it. Try a longer "
        "history, or penalty=1, which holds the estimates."
    )
