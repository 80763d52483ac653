"""Path models of satisfaction by partial least squares."""

import numpy as np
import pandas as pd
import pytest

from churnlab import drivers
from churnlab.errors import ParameterError

CONSTRUCTS = {
    "Image": [f"IMAG{place}" for place in range(1, 6)],
    "Expectation": [f"CUEX{place}" for place in range(1, 4)],
    "Quality": [f"PERQ{place}" for place in range(1, 8)],
    "Value": ["PERV1", "PERV2"],
    "Satisfaction": [f"CUSA{place}" for place in range(1, 4)],
    "Complaints": ["CUSCO"],
    "Loyalty": [f"CUSL{place}" for place in range(1, 4)],
}
PRINTED = {
    ("Image", "Expectation"): 0.5049139336,
    ("Expectation", "Quality"): 0.5567489624,
    ("Expectation", "Value"): 0.04998839254,
    ("Quality", "Value"): 0.5583043795,
    ("Image", "Satisfaction"): 0.1787395001,
    ("Expectation", "Satisfaction"): 0.06252286954,
    ("Quality", "Satisfaction"): 0.51202394,
    ("Value", "Satisfaction"): 0.1947651042,
    ("Satisfaction", "Complaints"): 0.5280662463,
    ("Image", "Loyalty"): 0.1957553331,
    ("Satisfaction", "Loyalty"): 0.4854776236,
    ("Complaints", "Loyalty"): 0.06692606903,
}
SEMINR = 2e-7
"""seminr stops when the weights move by less than 1e-7."""


@pytest.fixture(scope="module")
def ecsi(mobi):
    return drivers.fit_path_model(mobi, constructs=CONSTRUCTS, paths=list(PRINTED), draws=200)


def test_truth_paths_equal_seminr(ecsi):
    """The twelve path coefficients of the mobile phone survey as R's seminr prints them."""
    found = ecsi.tidy().set_index(["first", "second"])["estimate"]
    assert set(found.index) == set(PRINTED)
    for pair, expected in PRINTED.items():
        assert found[pair] == pytest.approx(expected, abs=SEMINR), pair


def test_truth_reliability_equals_seminr(ecsi):
    """R² of satisfaction and the rest, composite reliability, rho A and AVE as seminr prints them."""
    table = ecsi.reliability().set_index("construct")
    r_squared = {
        "Expectation": 0.2549380804,
        "Satisfaction": 0.6810782914,
        "Loyalty": 0.4569444547,
        "Quality": 0.3099694071,
        "Value": 0.3452789419,
        "Complaints": 0.2788539604,
    }
    for name, expected in r_squared.items():
        assert table.loc[name, "r_squared"] == pytest.approx(expected, abs=SEMINR), name
    assert np.isnan(table.loc["Image", "r_squared"])
    printed = {
        "Image": (0.81887867, 0.47835394, 0.74032852),
        "Expectation": (0.73323556, 0.48044618, 0.46205489),
        "Quality": (0.90469242, 0.57665000, 0.88424647),
        "Value": (0.91797541, 0.84843989, 0.85499634),
        "Satisfaction": (0.87125323, 0.69309506, 0.78910158),
        "Loyalty": (0.72170556, 0.51730473, 0.74573372),
    }
    for name, expected in printed.items():
        found = table.loc[name, ["rho_c", "ave", "rho_a"]].to_numpy(dtype=float)
        np.testing.assert_allclose(found, expected, atol=SEMINR, err_msg=name)
    assert table.loc["Complaints", ["rho_c", "ave", "rho_a"]].tolist() == pytest.approx([1, 1, 1])


def test_truth_total_effects(ecsi):
    """Direct and indirect effects on satisfaction: .390, .418, .621, .195."""
    table = ecsi.total_effects().query("second == 'Satisfaction'").set_index("first")["estimate"]
    expected = {"Image": 0.390, "Expectation": 0.418, "Quality": 0.621, "Value": 0.195}
    for name, value in expected.items():
        assert table[name] == pytest.approx(value, abs=6e-4)


def test_truth_paths_cover():
    """95 % limits of a path between composites hold its value in a large survey in 95 % of 200 surveys."""

    def survey(n, seed):
        rng = np.random.default_rng(seed)
        first = rng.normal(size=(n, 1))
        second = 0.6 * first + 0.8 * rng.normal(size=(n, 1))
        return pd.DataFrame(
            np.hstack([first + 0.7 * rng.normal(size=(n, 3)), second + 0.7 * rng.normal(size=(n, 3))]),
            columns=["a1", "a2", "a3", "b1", "b2", "b3"],
        )

    model = {"constructs": {"a": ["a1", "a2", "a3"], "b": ["b1", "b2", "b3"]}, "paths": [("a", "b")]}
    truth = drivers.fit_path_model(survey(400_000, 0), **model, draws=100).tidy()["estimate"].item()
    hits = 0
    for seed in range(200):
        row = drivers.fit_path_model(survey(200, seed + 1), **model, draws=200, seed=seed).tidy().iloc[0]
        hits += int(row["conf_low"] <= truth <= row["conf_high"])
    assert abs(hits / 200 - 0.95) < 3 * np.sqrt(0.95 * 0.05 / 200)


def test_input_path_model_names_what_is_wrong(mobi):
    """Circles, unknown and idle constructs, and items in two of them are refused by name."""
    fit = lambda constructs, paths: drivers.fit_path_model(mobi, constructs=constructs, paths=paths)  # noqa: E731
    pair = {"a": ["CUSA1", "CUSA2"], "b": ["CUSL1", "CUSL3"]}
    with pytest.raises(ParameterError, match="The paths lead back to where they began"):
        fit(pair, [("a", "b"), ("b", "a")])
    with pytest.raises(ParameterError, match="The path a → z names z, which is no construct"):
        fit(pair, [("a", "z")])
    with pytest.raises(ParameterError, match="The construct c is in no path"):
        fit({**pair, "c": ["IMAG1"]}, [("a", "b")])
    with pytest.raises(ParameterError, match="Each item must belong to one construct only"):
        fit({**pair, "c": ["CUSA1"]}, [("a", "b"), ("c", "b")])


def test_smoke_path_model_shows_itself(ecsi):
    """A fit prints as one line and as escaped tables."""
    assert repr(ecsi) == "PathFit(7 constructs, 12 paths; 250 answers)"
    assert "<table" in ecsi._repr_html_()
    assert len(ecsi.loadings()) == 24
