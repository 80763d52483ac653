"""Does satisfaction come back as purchases? What satisfied customers did more often than others who are otherwise alike."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab import display
from churnlab.drivers.logistic import LogisticMaximum, maximise_logistic
from churnlab.drivers.ratings import column_weights, require_columns
from churnlab.errors import DataError, ParameterError
from churnlab.inference import coefficient_table, normal_quantile

__all__ = ["ADJUST", "ConsequenceFit", "fit_consequence", "to_dose_response"]

Array = npt.NDArray[np.float64]

ADJUST = ("past_orders", "past_amount", "recency_days", "tenure_days")
"""What customers are made alike in by default: what they had bought before they answered."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ConsequenceFit:
    """What goes with one point more, with customers alike in what they had done before, and without.

    Attributes
    ----------
    outcome, satisfaction, adjust
        What was done; what was answered; what customers are made alike in.
    terms
        Columns of the regression.
    coefficient, covariance
        Log odds (k,) and their robust covariance (k, k).
    adjusted, raw
        Change of the share that did it, for one point more: estimate and standard error.
    share
        Share that did it.
    log_likelihood
        At the maximum.
    n, n_left_out, clusters
        Rows that count; those with a gap; customers.
    conf_level
        Of every interval.
    """

    outcome: str
    satisfaction: str
    adjust: tuple[str, ...]
    terms: tuple[str, ...]
    coefficient: Array
    covariance: Array
    adjusted: tuple[float, float]
    raw: tuple[float, float]
    share: float
    log_likelihood: float
    n: int
    n_left_out: int
    clusters: int
    conf_level: float

    def tidy(self) -> pd.DataFrame:
        """Return one row per column of the regression: log odds with tests and limits, and `odds_ratio` (e to the estimate)."""
        table = coefficient_table(self.terms, self.coefficient, self.covariance, conf_level=self.conf_level)
        return table.assign(odds_ratio=np.exp(table["estimate"]))

    def effects(self) -> pd.DataFrame:
        """Return by how much the share that did it is higher where the answer is a point higher.

        Returns
        -------
        DataFrame
            Two rows, `term` ``"adjusted"`` and ``"raw"`` (nothing held equal): `estimate, std_error, statistic, p_value, conf_low,
            conf_high`, as shares: 0.02 is two customers more in a hundred.
        """
        value, error = (np.array(pair) for pair in zip(self.adjusted, self.raw, strict=True))
        return coefficient_table(("adjusted", "raw"), value, np.diag(error**2), conf_level=self.conf_level)

    def glance(self) -> pd.DataFrame:
        """Return one row: `outcome, satisfaction, share, n, n_left_out, clusters, log_likelihood, conf_level`."""
        names = ("outcome", "satisfaction", "share", "n", "n_left_out", "clusters", "log_likelihood", "conf_level")
        return pd.DataFrame({name: [getattr(self, name)] for name in names})

    def predict(self, new_data: pd.DataFrame) -> pd.DataFrame:
        """Return the probability for each row as `estimate`; missing where an answer is.

        Raises
        ------
        DataError
            If a column is not there.
        """
        x = _design(new_data, self.satisfaction, self.adjust)
        return pd.DataFrame({"estimate": 1 / (1 + np.exp(-(x @ self.coefficient)))}, index=new_data.index)

    def __repr__(self) -> str:
        row = self.effects().iloc[0]
        limits = f"[{100 * row['conf_low']:+.1f}, {100 * row['conf_high']:+.1f}]"
        return f"ConsequenceFit({self.outcome}: {100 * row['estimate']:+.1f} points {limits} per point of {self.satisfaction}; {self.n:,} rows)"

    def _repr_html_(self) -> str:
        return display.to_html(self)


def fit_consequence(
    linked: pd.DataFrame,
    *,
    outcome: str = "ordered_ahead",
    satisfaction: str = "outcome",
    adjust: Sequence[str] = ADJUST,
    weight: str | None = None,
    conf_level: float = 0.95,
) -> ConsequenceFit:
    """Estimate how much more often satisfied customers do something than others who had done the same before.

    Parameters
    ----------
    linked
        What :func:`to_repurchase` or :func:`to_complaint_outcomes` returns; rows with a gap are left out and counted.
    outcome
        Column of 1 and 0: ``"ordered_ahead"``, ``"returned_ahead"``, ``"referred_ahead"``.
    satisfaction
        Column of numbers that may go with it: an answer, ``"recommend"``, ``"resolved_in_time"``.
    adjust
        Columns of numbers in which customers are made alike. Those that are never negative enter as log(1 + x).
    weight
        Column of survey weights.
    conf_level
        Of every interval.

    Returns
    -------
    ConsequenceFit

    Raises
    ------
    DataError
        If a column is not there, the outcome is neither 0 nor 1 or always the same, the answer does not vary, fewer than two
        rows per column are left, or a weight is not positive.
    ParameterError
        If a column has two roles.
    ConvergenceError
        If a column tells those who did from those who did not.

    Notes
    -----
    Logistic regression; the effect of a point is the average over customers of the slope of the probability (R: `margins`), its
    standard error by the delta method. Where there is a column `customer_id`, limits are robust to several answers of a
    customer, else to unequal variances. Adjusting for the past makes customers alike in what was recorded and in nothing else:
    this is an association. What the same customers bought before is held equal since good customers are both more satisfied
    and more likely to come back.
    """
    data = _to_data(linked, outcome, satisfaction, adjust, weight)
    x = _design(data, satisfaction, adjust)
    y, weights, cluster = data[outcome].to_numpy(dtype=float), column_weights(data, weight), _clusters(data)
    if len(data) < 2 * x.shape[1]:
        raise DataError(
            f"{len(data):,} rows without a gap are too few for {x.shape[1]} columns. Try: fewer in `adjust`."
        )
    full = maximise_logistic(x, y, weight=weights, cluster=cluster)
    alone = maximise_logistic(x[:, :2], y, weight=weights, cluster=cluster)
    normal_quantile(conf_level)
    return ConsequenceFit(
        outcome=outcome,
        satisfaction=satisfaction,
        adjust=tuple(adjust),
        terms=("constant", satisfaction, *adjust),
        coefficient=full.coefficient,
        covariance=full.covariance,
        adjusted=_slope(x, weights, full),
        raw=_slope(x[:, :2], weights, alone),
        share=float(weights @ y / weights.sum()),
        log_likelihood=full.log_likelihood,
        n=len(data),
        n_left_out=len(linked) - len(data),
        clusters=full.clusters,
        conf_level=conf_level,
    )


def to_dose_response(
    linked: pd.DataFrame,
    *,
    outcome: str = "ordered_ahead",
    satisfaction: str = "outcome",
    adjust: Sequence[str] = ADJUST,
    weight: str | None = None,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Return the share that did something at each answer, as it is and with the past held equal.

    Parameters
    ----------
    linked, outcome, adjust, weight, conf_level
        As in :func:`fit_consequence`.
    satisfaction
        As there, or an ordered category such as ``"handled"``. Neighbouring answers are taken together until 20 rows and two of
        each outcome stand behind each level.

    Returns
    -------
    DataFrame
        One row per level, ascending: `level, n`, the share as it is `raw`, and `estimate` with `std_error, conf_low, conf_high`:
        the share if all customers had answered so and were otherwise as they are.

    Raises
    ------
    DataError
        As in :func:`fit_consequence`; or fewer than two levels are left.
    ParameterError
        As in :func:`fit_consequence`.
    ConvergenceError
        As in :func:`fit_consequence`.

    Notes
    -----
    Standardisation (g-computation) after a logistic regression with a column per level, delta method. R:
    `marginaleffects::avg_predictions`. Without adjustments `estimate` is `raw`.
    """
    ordered = isinstance(linked.get(satisfaction, pd.Series(dtype=float)).dtype, pd.CategoricalDtype)
    codes = linked[satisfaction].cat.codes.replace(-1, np.nan) if ordered else linked.get(satisfaction)
    prepared = linked if codes is None else linked.assign(**{satisfaction: codes})
    data = _to_data(prepared, outcome, satisfaction, adjust, weight)
    y, weights = data[outcome].to_numpy(dtype=float), column_weights(data, weight)
    place, groups = _levels(data[satisfaction].to_numpy(dtype=float), y)
    if len(groups) < 2:
        raise DataError(f"The answers to `{satisfaction}` are too few or too much alike for two levels of 20 rows.")
    names = linked[satisfaction].cat.categories if ordered else None
    past = _design(data, satisfaction, adjust)[:, 2:]
    x = np.column_stack([np.eye(len(groups))[place], past - np.average(past, axis=0, weights=weights)])
    maximum = maximise_logistic(x, y, weight=weights, cluster=_clusters(data))
    rows = []
    for level, values in enumerate(groups):
        same = x.copy()
        same[:, : len(groups)] = np.eye(len(groups))[level]
        estimate, error = _mean_probability(same, weights, maximum)
        mine = place == level
        raw = float(np.average(y[mine], weights=weights[mine]))
        rows.append((_label(values, names), int(mine.sum()), raw, estimate, error))
    table = pd.DataFrame(rows, columns=["level", "n", "raw", "estimate", "std_error"])
    margin = normal_quantile(conf_level) * table["std_error"]
    return table.assign(
        conf_low=(table["estimate"] - margin).clip(lower=0), conf_high=(table["estimate"] + margin).clip(upper=1)
    )


_LEAST_ROWS, _LEAST_EACH = 20, 2


def _levels(values: Array, y: Array) -> tuple[npt.NDArray[np.intp], list[Array]]:
    """Return the level of each row (n,) and the answers that make it up, thin ones taken together with those above them."""
    groups: list[list[float]] = [[]]
    for value in np.unique(values):
        groups[-1].append(float(value))
        if _enough(y[np.isin(values, groups[-1])]):
            groups.append([])
    last = groups.pop()
    if last and groups:
        groups[-1].extend(last)
    place = np.zeros(len(values), dtype=np.intp)
    for level, members in enumerate(groups):
        place[np.isin(values, members)] = level
    return place, [np.array(members) for members in groups]


def _enough(y: Array) -> bool:
    return len(y) >= _LEAST_ROWS and min(y.sum(), len(y) - y.sum()) >= _LEAST_EACH


def _label(values: Array, names: pd.Index | None) -> str:
    shown = [str(names[int(value)]) if names is not None else f"{value:g}" for value in (values[0], values[-1])]
    if shown[0] == shown[1]:
        return shown[0]
    return " to ".join(shown) if names is not None else "-".join(shown)


def _to_data(
    linked: pd.DataFrame, outcome: str, satisfaction: str, adjust: Sequence[str], weight: str | None
) -> pd.DataFrame:
    """Return the rows without a gap, checked."""
    names = [outcome, satisfaction, *adjust, *([weight] if weight else [])]
    if len(set(names)) < len(names):
        raise ParameterError("A column can be only one of outcome, satisfaction, adjustment and weight.")
    require_columns(linked, names)
    data = linked[linked[names].notna().all(axis=1)]
    if data.empty:
        raise DataError(f"No row has all of {', '.join(f'`{name}`' for name in names)}.")
    wrong = ~data[outcome].isin([0, 1])
    if wrong.any():
        raise DataError(f"`{outcome}` must be 1 or 0, but {wrong.sum():,} of {len(data):,} rows are not.")
    for name in names[: 2 + len(adjust)]:
        if data[name].nunique() < 2:
            raise DataError(
                f"`{name}` is the same in all {len(data):,} rows. Try: {_advice(name, outcome, satisfaction)}."
            )
    return data


def _advice(name: str, outcome: str, satisfaction: str) -> str:
    if name == outcome:
        return "another horizon"
    return "another question" if name == satisfaction else "leave it out of `adjust`"


def _design(data: pd.DataFrame, satisfaction: str, adjust: Sequence[str]) -> Array:
    """Return constant, answer and adjustments (n, k)."""
    require_columns(data, [satisfaction, *adjust])
    columns = [np.ones(len(data)), data[satisfaction].to_numpy(dtype=float, na_value=np.nan)]
    for name in adjust:
        values = data[name].to_numpy(dtype=float, na_value=np.nan)
        columns.append(np.log1p(values) if np.nanmin(values) >= 0 else values)
    return np.column_stack(columns)


def _clusters(data: pd.DataFrame) -> npt.NDArray[np.intp]:
    if "customer_id" not in data:
        return np.arange(len(data))
    return pd.factorize(data["customer_id"], use_na_sentinel=False)[0]


def _slope(x: Array, weight: Array, fit: LogisticMaximum) -> tuple[float, float]:
    """Return the average slope of the probability in the second column, and its standard error."""
    mean = 1 / (1 + np.exp(-(x @ fit.coefficient)))
    share = weight / weight.sum()
    bend = mean * (1 - mean)
    slope = fit.coefficient[1]
    jacobian = slope * (share * bend * (1 - 2 * mean)) @ x
    jacobian[1] += share @ bend
    return float(slope * (share @ bend)), float(np.sqrt(jacobian @ fit.covariance @ jacobian))


def _mean_probability(x: Array, weight: Array, fit: LogisticMaximum) -> tuple[float, float]:
    mean = 1 / (1 + np.exp(-(x @ fit.coefficient)))
    share = weight / weight.sum()
    jacobian = (share * mean * (1 - mean)) @ x
    return float(share @ mean), float(np.sqrt(jacobian @ fit.covariance @ jacobian))
