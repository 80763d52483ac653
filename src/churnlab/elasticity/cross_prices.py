"""Which products stand in for each other: elasticities with respect to the prices of the others in a category."""

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import t as student_t

from churnlab import display
from churnlab.elasticity.covariance_choice import check_errors
from churnlab.elasticity.cross_design import OwnDesign, own_design, rival_prices
from churnlab.elasticity.design import Design, Specification, to_design
from churnlab.elasticity.regression import regress
from churnlab.elasticity.shrinkage import fit_population, shrink
from churnlab.errors import DataError, ParameterError
from churnlab.inference import normal_quantile

__all__ = ["CrossPricesFit", "fit_cross_prices"]

Array = npt.NDArray[np.float64]

_LARGEST = 60
_FEWEST = 4


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class CrossPricesFit:
    """Elasticities of each product's quantity with respect to its own price and each rival's.

    Attributes
    ----------
    table
        What :meth:`tidy` returns.
    left_out
        Products without estimates: `product`, `reason`, `n` (rows with all prices).
    own_spread, cross_spread
        Standard deviation of the true own- and cross-price elasticities; NaN where there are fewer than four.
    n
        Rows fitted on.
    n_incomplete, n_zero
        Rows left out because a price is lacking in that period (and store), or because nothing was sold.
    errors
        As asked for.
    conf_level
        Of every interval.
    """

    table: pd.DataFrame
    left_out: pd.DataFrame
    own_spread: float
    cross_spread: float
    n: int
    n_incomplete: int
    n_zero: int
    errors: str
    conf_level: float

    def tidy(self) -> pd.DataFrame:
        """Return one row per pair: `product`, whose quantity it is, and `rival`, whose price it is (itself: own price).

        Beside them `estimate, std_error, conf_low, conf_high`, drawn towards the mean of own or of cross elasticities; the same
        by itself as `raw_…`; `n`.
        """
        return self.table.copy()

    def matrix(self, value: str = "estimate") -> pd.DataFrame:
        """Return a column of :meth:`tidy` as a table: a row for each product, a column for each price.

        Raises
        ------
        ParameterError
            If there is no such column.
        """
        if value not in self.table:
            raise ParameterError(f"There is no column {value!r}. The columns are {', '.join(self.table.columns)}.")
        return self.table.pivot_table(index="product", columns="rival", values=value)

    def glance(self) -> pd.DataFrame:
        """Return one row: `n, n_incomplete, n_zero, own_spread, cross_spread, errors, conf_level`."""
        names = ("n", "n_incomplete", "n_zero", "own_spread", "cross_spread", "errors", "conf_level")
        return pd.DataFrame({name: [getattr(self, name)] for name in names})

    def __repr__(self) -> str:
        own = self.table.loc[self.table["product"] == self.table["rival"], "estimate"]
        return (
            f"CrossPricesFit({len(own)} products, own-price elasticity {own.mean():.3g} in the mean; {self.n:,} rows)"
        )

    def _repr_html_(self) -> str:
        return display.to_html(self)


def fit_cross_prices(
    prices: Any,
    *,
    effects: tuple[str, ...] = (),
    controls: tuple[str, ...] = (),
    errors: Literal["hc1", "iid", "cluster"] = "hc1",
    cluster: tuple[str, ...] = (),
    conf_level: float = 0.95,
) -> CrossPricesFit:
    """Estimate how the quantity of each product answers to the prices of all products of a category.

    Parameters
    ----------
    prices
        A table or frame of PRICES with the products of one category (n rows), up to 60. A row counts if all the products have a
        price in its period (and store): ``to_prices(zeros="last")`` carries prices through periods without a sale; such rows
        give their price but, as they have no logarithm, no quantity, and are counted.
    effects
        Effects within each product's regression, as ``("store",)`` or ``("quarter",)``; with several stores ``"period"`` too.
    controls
        Columns of numbers of the product itself, such as ``"promoted"``; one that does not vary for a product is left out there.
    errors, cluster
        As in :func:`fit_elasticity`.
    conf_level
        Of every interval.

    Returns
    -------
    CrossPricesFit

    Raises
    ------
    DataError
        As in :func:`fit_elasticity`, and if there are more than 60 products, fewer than two, or none that can be estimated.
    ParameterError
        If an option is unknown.

    Notes
    -----
    One regression per product on the logarithms of all prices, which equals seemingly unrelated regressions where the
    regressors are the same (Zellner 1962). Single estimates are noisy and often absurd; drawn together (empirical Bayes, own and
    cross elasticities apart) they are better on the whole.

    Examples
    --------
    >>> weeks = pd.date_range("2024-01-01", periods=8, freq="W-MON")
    >>> tea, pie = [2.0, 4, 2, 3, 3, 2, 4, 3], [5.0, 5, 6, 6, 5, 7, 5, 7]
    >>> prices = pd.DataFrame({"product": ["tea"] * 8 + ["pie"] * 8, "period": [*weeks, *weeks], "price": tea + pie})
    >>> fit = fit_cross_prices(prices.assign(quantity=[40, 9, 44, 20, 16, 50, 9, 25, 9, 12, 6, 7, 10, 4, 8, 5]))
    >>> fit.matrix().round(1).to_numpy().tolist()
    [[-2.1, 0.2], [1.0, -2.0]]
    """
    check_errors(errors, cluster, ("hc1", "iid", "cluster"))
    normal_quantile(conf_level)
    asked = Specification(
        effects=effects,
        cluster=(*(cluster if errors == "cluster" else ()), "product"),
        controls=controls,
        series=True,
        zeros=True,
    )
    design = to_design(prices, asked)
    products = design.clusters[-1]
    if not 2 <= products.size <= _LARGEST:
        raise DataError(
            f"A matrix of cross-price elasticities takes 2 to {_LARGEST} products, not {products.size:,}. Try: one category."
        )
    estimated, left_out = _each_product(design, effects, errors)
    table, spreads = _drawn_together(estimated, conf_level)
    return CrossPricesFit(
        table=table.drop(columns=["n_incomplete", "n_zero"]),
        left_out=left_out,
        own_spread=spreads[0],
        cross_spread=spreads[1],
        errors=errors,
        conf_level=conf_level,
        **_counts(estimated),
    )


def _each_product(design: Design, effects: tuple[str, ...], errors: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the estimates of each product by itself, and the products without."""
    there = rival_prices(design)
    names = design.clusters[-1].labels()["product"].to_list()
    tables, left_out = [], []
    for place, name in enumerate(names):
        own = own_design(design, there, place)
        try:
            tables.append(_own_table(own, names, effects, errors))
        except DataError as refusal:  # one product that cannot be told must not hide the others
            left_out.append({"product": name, "reason": str(refusal), "n": own.design.n})
    if not tables:
        raise DataError(
            f"None of the {len(names)} products can be estimated; {left_out[0]['product']}: {left_out[0]['reason']}"
        )
    return pd.concat(tables, ignore_index=True), pd.DataFrame(left_out, columns=["product", "reason", "n"])


def _own_table(own: OwnDesign, names: list[Any], effects: tuple[str, ...], errors: str) -> pd.DataFrame:
    if own.design.n <= len(own.design.columns):
        raise DataError(f"{own.design.n} rows with all the prices are too few.")
    labelled = replace(own.design, terms=_labels(own, names))
    found = regress(np.log(own.design.quantity), labelled, effects=effects, errors=errors)
    some = slice(0, len(own.rivals))
    return pd.DataFrame(
        {
            "product": names[own.rivals[0]],
            "rival": [names[rival] for rival in own.rivals],
            "raw_estimate": found.coefficients[some],
            "raw_std_error": np.sqrt(np.diag(found.covariance))[some],
            "df": found.df,
            "n": own.design.n,
            "n_incomplete": own.n_incomplete,
            "n_zero": own.n_zero,
        }
    )


def _labels(own: OwnDesign, names: list[Any]) -> tuple[str, ...]:
    prices = tuple(f"log_price of {names[rival]}" for rival in own.rivals)
    return (*prices, *own.design.terms[len(own.rivals) :])


def _counts(estimated: pd.DataFrame) -> dict[str, int]:
    by_product = estimated.groupby("product", sort=False)[["n", "n_incomplete", "n_zero"]].first().sum()
    return {str(name): int(value) for name, value in by_product.items()}


def _drawn_together(table: pd.DataFrame, conf_level: float) -> tuple[pd.DataFrame, tuple[float, float]]:
    """Draw own elasticities towards their mean and cross elasticities towards theirs; return their spreads too."""
    own = (table["product"] == table["rival"]).to_numpy()
    raw, error = table["raw_estimate"].to_numpy(), table["raw_std_error"].to_numpy()
    estimate, std_error, spreads = raw.copy(), error.copy(), []
    for some in (own, ~own):
        spreads.append(float("nan"))
        if some.sum() >= _FEWEST:
            constant = np.ones((int(some.sum()), 1))
            population = fit_population(raw[some], error[some], constant)
            drawn = shrink(raw[some], error[some], constant, population)
            estimate[some], std_error[some], spreads[-1] = drawn.estimate, drawn.std_error, population.spread
    margin = normal_quantile(conf_level) * std_error
    raw_margin = student_t.ppf((1 + conf_level) / 2, table["df"]) * error
    drawn_columns = {
        "estimate": estimate,
        "std_error": std_error,
        "conf_low": estimate - margin,
        "conf_high": estimate + margin,
        "raw_estimate": raw,
        "raw_std_error": error,
        "raw_conf_low": raw - raw_margin,
        "raw_conf_high": raw + raw_margin,
    }
    rest = table.drop(columns=["raw_estimate", "raw_std_error"])
    whole = pd.concat([rest[["product", "rival"]], pd.DataFrame(drawn_columns), rest.iloc[:, 2:]], axis=1)
    return whole, (spreads[0], spreads[1])
