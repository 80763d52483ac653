"""Data that several tests share: read once."""

import atexit
import os

import pandas as pd
import pytest
from hypothesis import settings

from churnlab import datasets, features, repurchase, tables

# the same examples for everyone, however busy the machine is; `pytest --hypothesis-profile default` looks for new ones
settings.register_profile("steady", deadline=None, derandomize=True)
settings.load_profile("steady")


@pytest.fixture(scope="session")
def cdnow_sample() -> tables.Table:
    return datasets.load_cdnow_sample()


@pytest.fixture(scope="session")
def sample_rfm(cdnow_sample: tables.Table) -> pd.DataFrame:
    return features.to_rfm(cdnow_sample, as_of="1997-10-01", unit="week")


@pytest.fixture(scope="session")
def sample_fit(sample_rfm: pd.DataFrame) -> repurchase.TransactionFit:
    return repurchase.fit_bg_nbd(sample_rfm)


@pytest.fixture(scope="session")
def sample_amounts(sample_rfm: pd.DataFrame) -> repurchase.GammaGammaFit:
    return repurchase.fit_gamma_gamma(sample_rfm)


@pytest.fixture(scope="session")
def full_orders() -> tables.Table:
    return datasets.load_cdnow()


@atexit.register
def _close_standard_error() -> None:
    """Keep DuckDB's binding from listing, after the last test, the types that the interpreter frees too late for it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
