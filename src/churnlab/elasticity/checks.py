"""What to know of prices before an elasticity is believed: each check in words, with what to do."""

import pandas as pd

from churnlab.elasticity.changes import read_panel, unit_columns
from churnlab.elasticity.columns import require_columns
from churnlab.elasticity.correlations import correlation_checks
from churnlab.elasticity.variation import price_variation
from churnlab.errors import DataError
from churnlab.inference import normal_quantile

__all__ = ["check_elasticities", "check_prices"]

_LEAST_CHANGES = 4
_LEAST_SD = 0.03
_PROMOTION = 0.9
_JUMP = 10.0


def check_prices(prices: pd.DataFrame, *, conf_level: float = 0.95) -> pd.DataFrame:
    """Check whether prices can teach an elasticity, in words.

    Parameters
    ----------
    prices
        PRICES of several periods.
    conf_level
        Level at which a correlation counts as found.

    Returns
    -------
    DataFrame
        One row per check: `check`; `finding`, ``"ok"`` or ``"look"``; `count` of `of` (products, or rows), or the size of the
        correlation as `estimate` with `conf_low, conf_high`; `meaning`, what it says and what to do. The checks: *variation*,
        *promotion* (if there is a column `promoted`), *gaps*, *zeros*, *jumps*, *endogeneity* and *serial correlation*.

    Raises
    ------
    DataError
        If the frame breaks the contract, has a product twice in a period, or two periods or fewer.
    ParameterError
        If the level is not between 0 and 1.

    Notes
    -----
    The two correlations are over rows with a sale whose product had one in the period before, after the means of products
    and periods are taken out of log price and log quantity, and (for serial correlation) the pooled slope.
    *Endogeneity* correlates the price with the surprise in quantity one period before: a seller who answers to
    demand shows in it, though one who answers within the period does not. No table can prove prices exogenous. Means over
    T periods pull such correlations down by about 1 / (T - 1) (Nickell 1981, Econometrica 49), which is added back;
    standard errors are clustered by product.

    Examples
    --------
    >>> from churnlab import elasticity
    >>> found = check_prices(elasticity.simulate_prices(20, 50, seed=1))
    >>> found.loc[found["check"] == "variation", "finding"].item()
    'ok'
    """
    z = normal_quantile(conf_level)
    panel = read_panel(prices)
    if panel["period"].nunique() < 3:
        raise DataError(f"There are {panel['period'].nunique()} periods, but prices are checked over 3 or more.")
    variation = price_variation(panel)
    rows = [_variation(variation)]
    if "promoted" in panel:
        rows.append(_promotion(variation))
    rows += [_gaps(panel), _zeros(panel), _jumps(variation)]
    rows += correlation_checks(panel, z)
    columns = ["check", "finding", "count", "of", "estimate", "conf_low", "conf_high", "meaning"]
    return pd.DataFrame(rows).reindex(columns=columns).astype({"count": "Int64", "of": "Int64"})


def _row(check: str, count: int, of: int, meaning: str, fine: str) -> dict[str, object]:
    return {
        "check": check,
        "finding": "look" if count else "ok",
        "count": count,
        "of": of,
        "meaning": meaning if count else fine,
    }


def _variation(variation: pd.DataFrame) -> dict[str, object]:
    few = (variation["changes"] < _LEAST_CHANGES) | ~(variation["log_price_sd"] >= _LEAST_SD)
    return _row(
        "variation", int(few.sum()), len(variation),
        f"Products whose price changed fewer than {_LEAST_CHANGES} times, or by less than about {_LEAST_SD:.0%}: their own data "
        "say nearly nothing. Shrink them towards the others, group them, or try other prices on purpose.",
        f"Every price changed {_LEAST_CHANGES} times or more, and by {_LEAST_SD:.0%} or more.",
    )  # fmt: skip


def _promotion(variation: pd.DataFrame) -> dict[str, object]:
    alone = variation["promotion_r_squared"] > _PROMOTION
    return _row(
        "promotion", int(alone.sum()), len(variation),
        "Products whose price moves only with promotion: leaflet and display work at the same time, so that what looks like price "
        "may be attention. The elasticity is that of promotions; it does not say what a change of the shelf price would do.",
        "Prices move with and without promotion, so that the two can be told apart.",
    )  # fmt: skip


def _gaps(panel: pd.DataFrame) -> dict[str, object]:
    number = panel["period"].rank(method="dense").astype(int)
    step = number.groupby([panel[name] for name in unit_columns(panel)], sort=False, dropna=False).diff()
    missing = int((step - 1).clip(lower=0).sum())
    return _row(
        "gaps", missing, len(panel) + missing,
        "Rows missing between a product's first and last: was it not on sale, or did nobody buy? Weeks in which nobody bought at "
        "that price are left out of log models, which understates the elasticity. Try: to_prices(…, zeros=\"last\") and "
        "fit_poisson_elasticity.",
        "Every product has a row in each period from its first to its last.",
    )  # fmt: skip


def _zeros(panel: pd.DataFrame) -> dict[str, object]:
    zero = panel["quantity"] == 0
    return _row(
        "zeros", int(zero.sum()), len(panel),
        "Rows with quantity 0, of which there is no logarithm: fit_poisson_elasticity takes them as they are. Adding 1 to all "
        "quantities would bend the elasticity by an amount that depends on the unit.",
        "No row has quantity 0.",
    )  # fmt: skip


def _jumps(variation: pd.DataFrame) -> dict[str, object]:
    jumps = variation["largest_jump"] >= _JUMP
    return _row(
        "jumps", int(jumps.sum()), len(variation),
        f"Products whose price jumped by a factor of {_JUMP:g} or more: mixed units, a wrong entry, or a mixture of sizes under one "
        "name. A single such row decides a slope. Try: look at price_changes(), and leave them out.",
        f"No price jumped by a factor of {_JUMP:g} or more.",
    )  # fmt: skip


def check_elasticities(elasticities: pd.DataFrame) -> pd.DataFrame:
    """Check estimated elasticities, in words.

    Parameters
    ----------
    elasticities
        With `estimate, conf_low, conf_high`, one row per product: the table of a fit by product.

    Returns
    -------
    DataFrame
        One row per check: `check`, `finding`, `count`, `of`, `meaning`, as :func:`check_prices` has them. The checks: *sign*
        (surely positive), *unclear* (limits on both sides of 0), *inelastic* (surely above -1), *extreme* (surely below -10).

    Raises
    ------
    DataError
        If a column is missing or there is no row.

    Examples
    --------
    >>> tea = pd.DataFrame({"estimate": [1.0], "conf_low": [0.5], "conf_high": [1.5]})
    >>> check_elasticities(tea)[["check", "finding"]].iloc[0].tolist()
    ['sign', 'look']
    """
    require_columns(elasticities, ("estimate", "conf_low", "conf_high"))
    low, high, n = elasticities["conf_low"], elasticities["conf_high"], len(elasticities)
    rows = [
        _row(
            "sign", int((low > 0).sum()), n,
            "Products that seem to sell more at a higher price. Hardly any do: more likely the price rises in season or with demand, "
            "which an instrument or an experiment would tell, or sizes are mixed under one name.",
            "No product surely sells more at a higher price.",
        ),
        _row(
            "unclear", int(((low <= 0) & (high >= 0)).sum()), n,
            "Products whose limits lie on both sides of 0: the data do not say whether price matters, which is not the same as no "
            "effect.",
            "Every product's limits exclude 0.",
        ),
        _row(
            "inelastic", int(((low > -1) & (low <= 0)).sum()), n,
            "Products that surely lose less quantity than their price gains (above -1): taken at its word, any rise would pay. In the "
            "long run, and for the whole shop, customers answer more strongly than from one week to the next.",
            "No product is surely inelastic.",
        ),
        _row(
            "extreme", int((high < -10).sum()), n,
            "Products below -10: stockpiling during promotions, or a wrong price, rather than taste.",
            "No product is surely below -10.",
        ),
    ]  # fmt: skip
    return pd.DataFrame(rows)
