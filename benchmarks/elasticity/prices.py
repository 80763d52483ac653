"""Makes a panel of prices as Parquet: python prices.py PRODUCTS STORES WEEKS SEED FILE."""

import sys

import numpy as np
import pandas as pd


def make_prices(products: int, stores: int, weeks: int, seed: int) -> pd.DataFrame:
    """Return prices of which a fifth is missing; with one store it has no column of its own."""
    rng = np.random.default_rng(seed)
    n = products * stores * weeks
    product = np.repeat(np.arange(products), stores * weeks)
    store = np.tile(np.repeat(np.arange(stores), weeks), products)
    week = np.tile(np.arange(weeks), products * stores)
    promoted = (rng.random(n) < 0.15).astype(np.float64)
    log_price = rng.normal(1, 0.4, products)[product] + 0.1 * rng.normal(size=n) - 0.2 * promoted
    level = rng.normal(2, 1, products)[product] + rng.normal(0, 0.3, stores)[store] + rng.normal(0, 0.2, weeks)[week]
    slope = rng.normal(-1.8, 0.5, products)[product]
    frame = pd.DataFrame(
        {
            "product": product,
            "store": store,
            "period": (np.datetime64("2019-01-07") + 7 * np.arange(weeks)).astype("datetime64[us]")[week],
            "price": np.exp(log_price),
            "quantity": np.exp(level + slope * log_price + 0.3 * promoted + 0.6 * rng.normal(size=n)),
            "promoted": promoted,
            "trend": week / weeks,
        }
    )
    frame = frame if stores > 1 else frame.drop(columns="store")
    return frame[rng.random(n) < 0.8].reset_index(drop=True) if stores > 1 else frame


if __name__ == "__main__":
    *numbers, path = sys.argv[1:]
    make_prices(*map(int, numbers)).to_parquet(path)
