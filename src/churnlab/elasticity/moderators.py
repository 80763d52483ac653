"""What goes with sensitivity: elasticities of products explained by what is known of the products."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab import display
from churnlab.elasticity.attributes import attribute_matrix
from churnlab.elasticity.columns import numbers_of
from churnlab.elasticity.panel import refuse_rows
from churnlab.elasticity.shrinkage import fit_population
from churnlab.errors import DataError, ParameterError
from churnlab.inference import coefficient_table, normal_quantile

__all__ = ["ModeratorsFit", "explain_elasticities"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ModeratorsFit:
    """Elasticities as they go with what is known of products.

    Attributes
    ----------
    terms
        ``"constant"``, numbers by their names, text as ``"brand: own"`` against the first value in the alphabet.
    coefficients, covariance
        Estimates (q,) and their covariance (q, q).
    spread, spread_alone
        Standard deviation of true elasticities that the moderators leave, and without them.
    n
        Number of products.
    df
        Degrees of freedom of Student's t.
    conf_level
        Of every interval.
    """

    terms: tuple[str, ...]
    coefficients: Array
    covariance: Array
    spread: float
    spread_alone: float
    n: int
    df: float
    conf_level: float

    def tidy(self) -> pd.DataFrame:
        """Return one row per term: `term, estimate, std_error, statistic, p_value, conf_low, conf_high`."""
        return coefficient_table(self.terms, self.coefficients, self.covariance, conf_level=self.conf_level, df=self.df)

    def glance(self) -> pd.DataFrame:
        """Return one row: `n, spread, spread_alone, r_squared` (of the true differences)`, df, conf_level`."""
        alone = self.spread_alone**2
        return pd.DataFrame(
            {
                "n": [self.n],
                "spread": [self.spread],
                "spread_alone": [self.spread_alone],
                "r_squared": [max(0.0, 1 - self.spread**2 / alone) if alone > 0 else float("nan")],
                "df": [self.df],
                "conf_level": [self.conf_level],
            }
        )

    def __repr__(self) -> str:
        return (
            f"ModeratorsFit({len(self.terms) - 1} moderators of {self.n:,} elasticities, spread left {self.spread:.3g})"
        )

    def _repr_html_(self) -> str:
        return display.to_html(self)


def explain_elasticities(
    elasticities: pd.DataFrame, moderators: pd.DataFrame, *, conf_level: float = 0.95
) -> ModeratorsFit:
    """Estimate how elasticities differ with brand strength, quality, the number of rivals and the like.

    Parameters
    ----------
    elasticities
        One row per product: what :meth:`ElasticitiesFit.tidy` returns. The estimates by themselves are taken, not those drawn
        together.
    moderators
        One row per product: its column (or columns) as in `elasticities`, and moderators: numbers or text.
    conf_level
        Of every interval.

    Returns
    -------
    ModeratorsFit

    Raises
    ------
    DataError
        If a product has no row among the moderators or several, a cell is empty, a moderator is the same for all or repeats
        others, or there are too few products.
    ParameterError
        If the frames share no column, or there is no moderator.

    Notes
    -----
    Meta-regression with random effects by restricted maximum likelihood, and the standard errors of Knapp and Hartung (2003),
    equation 9. R: `metafor::rma(yi, sei = , mods = , test = "knha")`. Products that share a moderator may differ in much else:
    these are no effects of the moderators.

    Examples
    --------
    >>> products = pd.DataFrame({"product": list("abcdef"), "raw_estimate": [-1.0, -1.2, -0.9, -2.1, -1.9, -2.0]})
    >>> brands = pd.DataFrame({"product": list("abcdef"), "brand": ["known"] * 3 + ["own"] * 3})
    >>> explain_elasticities(products.assign(raw_std_error=0.1), brands).tidy()[["term", "estimate"]].round(3)
             term  estimate
    0    constant    -1.033
    1  brand: own    -0.967
    """
    normal_quantile(conf_level)
    keys = [column for column in moderators.columns if column in elasticities.columns]
    names = [column for column in moderators.columns if column not in keys]
    if not keys or not names:
        raise ParameterError(
            "`moderators` must share the products' column with `elasticities`, and hold a column more."
        )
    known = _matched(elasticities, moderators, keys)
    attributes = attribute_matrix(known[names])
    estimate, error = numbers_of(elasticities, "raw_estimate"), numbers_of(elasticities, "raw_std_error")
    usable = np.isfinite(estimate) & (error > 0) & np.isfinite(error)
    refuse_rows(~usable, error, "`raw_std_error` must be above 0, with an estimate", "leave these products out")
    found = fit_population(estimate, error, attributes.values)
    weight = 1 / (error**2 + found.spread**2)
    n, q = attributes.values.shape
    residual = estimate - attributes.values @ found.coefficients
    return ModeratorsFit(
        terms=attributes.terms,
        coefficients=found.coefficients,
        covariance=found.covariance * float(weight @ residual**2) / (n - q),
        spread=found.spread,
        spread_alone=fit_population(estimate, error, np.ones((n, 1))).spread,
        n=n,
        df=n - q,
        conf_level=conf_level,
    )


def _matched(elasticities: pd.DataFrame, moderators: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    if moderators.duplicated(keys).any():
        first = moderators.loc[moderators.duplicated(keys), keys].iloc[0].tolist()
        raise DataError(
            f"`moderators` must have one row per product, but has several for {first}. Try: drop_duplicates."
        )
    known = elasticities[keys].merge(moderators, on=keys, how="left", indicator="found_there")
    lacking = known["found_there"] == "left_only"
    if lacking.any():
        raise DataError(
            f"`moderators` has no row for {int(lacking.sum()):,} of {len(known):,} products (first: "
            f"{known.loc[lacking, keys].iloc[0].tolist()}). Try: add it, or leave the product out."
        )
    return known
