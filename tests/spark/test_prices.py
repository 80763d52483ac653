"""Prices read off sales on Spark are those read on DuckDB, to the last bit."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from churnlab import elasticity, tables


@pytest.mark.parametrize("options", [{}, {"zeros": "last", "longest_gap": 3}, {"zeros": "usual", "store": "channel"}])
def test_truth_prices_are_the_same_on_spark(spark: Any, options: dict[str, Any]) -> None:
    """The same lines give the same panel, zeros, stores and attributes included."""
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "date": pd.Timestamp("2024-01-01") + pd.to_timedelta(np.sort(rng.integers(0, 70, 300)), unit="D"),
            "product": rng.choice(list("abcde"), 300),
            "channel": rng.choice(["north", "web"], 300),
            "quantity": rng.integers(1, 60, 300) / 10,
            "amount": np.round(rng.uniform(1, 3, 300), 2),
            "discount": np.where(rng.random(300) < 0.3, 1.0, 0.0),
        }
    )
    frame["a `brand`"] = frame["product"].str.upper()
    options = {"attributes": ("a `brand`",), "largest_jump": 1e6, **options}
    here = elasticity.to_prices(tables.read(frame, elasticity.SALES), **options)
    there = elasticity.to_prices(tables.read(spark.createDataFrame(frame), elasticity.SALES), **options)
    pd.testing.assert_frame_equal(here, there, check_exact=True)
