"""Every study runs on small data of one's own, and comes out the same again."""

import json
from pathlib import Path

import pandas as pd
import pytest

from churnlab import drivers, elasticity, simulate, studies, survival

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
SMALL = {
    "churn": {
        "contract": "subscriptions",
        "covariates": ["plan", "channel"],
        "group": "plan",
        "check": 3,
        "longest_gap": 7,
    },
    "repurchase": {"horizon": 13, "seed": 7},
    "customer_base": {"window_days": 60},
    "retention_curve": {"held_out": 3, "cohort": "2024 <b>", "period": "month"},
    "price_elasticity": {"contract": "prices", "groups": ["Gruppe"], "change": -10.0},
    "satisfaction": {
        "lowest": 0,
        "nps": "standard",
        "no_answer": [99],
        "dimensions": {"Lieferung": "Leistung", "Preis": "Leistung"},
        "draws": 100,
        "horizon": 60,
    },
}
OWN = {
    "churn": "own_contracts",
    "satisfaction": "own_answers",
    "price_elasticity": "own_prices",
    "retention_curve": "own_survivors",
}
"""What a study reads in place of orders."""
TABLES = {"satisfaction": {"dimensions", "asymmetry", "one_point_more", "comes_back", "complaints", "themes"}}
"""What a study must have looked at, given such data."""
TOLD = {"churn": ("concordance_harrell", "concordance_uno")}
"""What a report must say besides."""


@pytest.fixture(scope="module")
def own_orders(tmp_path_factory) -> dict[str, str]:
    """Orders of 400 simulated customers in a file with names of its own, and the map of these names."""
    folder = tmp_path_factory.mktemp("own data")
    frame = simulate.simulate_orders(400, r=0.8, alpha=40, a=0.8, b=2.5, days=500, seed=3)
    frame.columns = ["Kunde", "Datum", "Betrag"]
    frame.to_csv(folder / "Bestellungen 2024.csv", index=False)
    (folder / "map.toml").write_text(
        '[columns]\ncustomer_id = "Kunde"\ndate = "Datum"\namount = "Betrag"\n', encoding="utf-8"
    )
    return {"data": str(folder / "Bestellungen 2024.csv"), "columns": str(folder / "map.toml"), "currency": "Euro <b>"}


@pytest.fixture(scope="module")
def own_prices(tmp_path_factory) -> dict[str, str]:
    """Prices of 40 simulated products over 60 weeks, with names of their own."""
    folder = tmp_path_factory.mktemp("own prices")
    frame = elasticity.simulate_prices(40, 60, seed=3, promotions=0.1, promotion_lift=0.2)
    frame = frame.drop(columns=["cost", "elasticity"]).rename(columns={"product": "Artikel", "category": "Gruppe"})
    frame.to_csv(folder / "Preise.csv", index=False)
    (folder / "map.toml").write_text('[columns]\nproduct = "Artikel"\n', encoding="utf-8")
    return {"data": str(folder / "Preise.csv"), "columns": str(folder / "map.toml"), "currency": "Euro <b>"}


@pytest.fixture(scope="module")
def own_survivors(tmp_path_factory) -> dict[str, str]:
    """Survivors of two cohorts, with names of their own."""
    folder = tmp_path_factory.mktemp("own survivors")
    counts = {"2024 <b>": [800, 610, 502, 431, 380, 344, 318, 297, 280, 266], "2025": [500, 400, 330]}
    rows = [(name, place, number) for name, row in counts.items() for place, number in enumerate(row)]
    pd.DataFrame(rows, columns=["Jahrgang", "Monat", "Kunden"]).to_csv(folder / "Bestand.csv", index=False, sep=";")
    names = '[columns]\ncohort = "Jahrgang"\nperiod = "Monat"\nsurvivors = "Kunden"\n'
    (folder / "map.toml").write_text(names, encoding="utf-8")
    return {"data": str(folder / "Bestand.csv"), "columns": str(folder / "map.toml"), "currency": "Euro <b>"}


@pytest.fixture(scope="module")
def own_contracts(tmp_path_factory) -> dict[str, str]:
    """Contracts of 1,000 simulated customers, with names of their own."""
    folder = tmp_path_factory.mktemp("own contracts")
    frame = survival.simulate_subscriptions(1000, days=600, monthly_churn=0.08, seed=4)
    frame = frame.replace({"plan": {"flex": "Euro <b>"}}).rename(
        columns={"customer_id": "Kunde", "start": "von", "end": "bis"}
    )
    frame.to_csv(folder / "Verträge.csv", index=False)
    (folder / "map.toml").write_text('[columns]\ncustomer_id = "Kunde"\nstart = "von"\nend = "bis"\n', encoding="utf-8")
    return {"data": str(folder / "Verträge.csv"), "columns": str(folder / "map.toml")}


@pytest.fixture(scope="module")
def own_answers(tmp_path_factory) -> dict[str, str]:
    """Questionnaires of 600 customers with gaps, waves, comments and orders, with names of their own."""
    folder = tmp_path_factory.mktemp("own answers")
    orders = simulate.simulate_orders(600, r=0.8, alpha=40, a=0.8, b=2.5, days=500, seed=3)
    frame = drivers.simulate_answers(
        600,
        importance={"Lieferung": 0.3, "Preis": 0.2, "服务": 0.1},
        scale=(0, 10),
        skips=0.1,
        waves=["1", "Euro <b>"],
        seed=2,
    )
    frame = frame.fillna({"Preis": 99}).rename(columns={"outcome": "Zufriedenheit"})
    frame["customer_id"], frame["date"] = frame["respondent_id"] - 1, "2024-12-01"
    words = ["zu teuer <i>", "Lieferung kam spät", "客服态度很好", "价格太贵了", "", "Lieferung gut", "teuer"]
    frame["comment"] = [f"{words[number % 7]} {words[number % 6]}" for number in frame["respondent_id"]]
    frame.to_csv(folder / "Umfrage.csv", index=False)
    orders.to_csv(folder / "Bestellungen.csv", index=False)
    (folder / "map.toml").write_text('[columns]\noutcome = "Zufriedenheit"\n', encoding="utf-8")
    cases = pd.DataFrame({"customer_id": range(400), "date": "2024-09-01", "kind": "complaint"})
    cases["resolved"] = pd.to_datetime(cases["date"]) + pd.to_timedelta(cases["customer_id"] % 12, unit="D")
    cases.to_csv(folder / "Beschwerden.csv", index=False)
    names = {"data": "Umfrage.csv", "columns": "map.toml", "orders": "Bestellungen.csv", "cases": "Beschwerden.csv"}
    return {key: str(folder / name) for key, name in names.items()}


def test_truth_every_notebook_is_tried():
    """No study goes without a test."""
    assert sorted(SMALL) == sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb"))


@pytest.mark.parametrize("name", sorted(SMALL))
def test_smoke_a_study_runs_on_data_of_ones_own(name, request, tmp_path):
    """A study answers, with headline numbers that have a unit and an interval, and says the same when verified."""
    own = request.getfixturevalue(OWN.get(name, "own_orders"))
    result = studies.run(name, {**own, **SMALL[name]}, out=tmp_path, notebooks=NOTEBOOKS)
    assert result.status == "done", result.message
    found = json.loads((result.folder / "results.json").read_text(encoding="utf-8"))
    headlines = [number for number in found["numbers"].values() if number["headline"]]
    assert len(found["answer"]) == 3
    assert len(headlines) >= 4
    assert all(number["unit"] and number["method"] for number in headlines)
    assert all(
        number["low"] <= number["estimate"] <= number["high"] for number in headlines if number["low"] is not None
    )
    report = (result.folder / "report.html").read_text(encoding="utf-8")
    assert "Euro &lt;b&gt;" in report
    assert "Euro <b>" not in report
    assert own["data"] not in report
    assert {path.stem for path in (result.folder / "tables").iterdir()} >= TABLES.get(name, set())
    assert all(words in report for words in TOLD.get(name, ()))
    assert len(pd.read_parquet(next((result.folder / "tables").glob("*.parquet")))) > 0
    assert studies.verify(result.folder).level == "identical"
