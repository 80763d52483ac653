"""The table of many elasticities: each by itself, and drawn towards the others."""

import numpy as np
import pandas as pd
from scipy.stats import t as student_t

from churnlab.elasticity.attributes import Attributes
from churnlab.elasticity.batched import Slopes
from churnlab.elasticity.design import Design, Form
from churnlab.elasticity.groups import count_levels
from churnlab.elasticity.shrinkage import Population, fit_population, shrink
from churnlab.inference import normal_quantile

__all__ = ["drawn_together", "raw_table"]


def raw_table(design: Design, slopes: Slopes, *, form: Form, errors: str) -> pd.DataFrame:
    """Return each group's estimate by itself: one row per level of the design's first cluster, in whose order its rows are."""
    rows = count_levels(design.clusters[0])
    starts = np.cumsum(rows) - rows
    mean = np.add.reduceat(design.price, starts) / rows
    factor = 1.0 if form == "log-log" else mean
    variance = slopes.robust_variance if errors == "hc1" else slopes.variance
    return pd.DataFrame(
        {
            "raw_estimate": factor * slopes.estimate,
            "raw_std_error": factor * np.sqrt(variance),
            "n": rows,
            "df": slopes.df,
            "price_mean": mean,
            "price_low": np.minimum.reduceat(design.price, starts),
            "price_high": np.maximum.reduceat(design.price, starts),
            "residual_variance": slopes.residual_variance,
            "smearing": slopes.smearing,
        }
    )


def drawn_together(
    raw: pd.DataFrame, attributes: Attributes | None, conf_level: float
) -> tuple[pd.DataFrame, Population | None]:
    """Return estimates drawn towards what attributes say beside those by themselves, and the population if there is one."""
    estimate, error = raw["raw_estimate"].to_numpy(), raw["raw_std_error"].to_numpy()
    population = None
    drawn, own_error, pull = estimate, error, np.zeros(len(raw))
    if attributes is not None:
        population = fit_population(estimate, error, attributes.values)
        shrunk = shrink(estimate, error, attributes.values, population)
        drawn, own_error = shrunk.estimate, shrunk.std_error
        pull = error**2 / (error**2 + population.spread**2)
    margin = normal_quantile(conf_level) * own_error
    raw_margin = student_t.ppf((1 + conf_level) / 2, raw["df"]) * error
    columns = {
        "estimate": drawn,
        "std_error": own_error,
        "conf_low": drawn - margin,
        "conf_high": drawn + margin,
        "raw_estimate": estimate,
        "raw_std_error": error,
        "raw_conf_low": estimate - raw_margin,
        "raw_conf_high": estimate + raw_margin,
        "shrinkage": pull,
    }
    return pd.DataFrame(columns).join(raw.drop(columns=["raw_estimate", "raw_std_error"])), population
