"""From columns to covariates: text and categories."""

import numpy as np
import pandas as pd
import pytest

from churnlab import survival
from churnlab.errors import DataError
from churnlab.survival.design import count_texts, plan_design


@pytest.fixture
def frame():
    rng = np.random.default_rng(5)
    plan, paid = rng.choice(["pro", "free", "basic", "early"], 3_000), rng.choice([True, False], 3_000)
    plan[:4] = ["pro", "basic", "early", "free"]
    duration = 1 + np.floor(rng.exponential(10 + 10 * (plan == "pro")))
    return pd.DataFrame({"duration": duration, "churned": rng.random(3_000) < 0.7, "plan": plan, "paid": paid})


@pytest.mark.parametrize("kind", ["category", "string", "spare category"])
def test_invariant_text_is_a_category(frame, kind):
    """Text and categories of every kind give one fit, with levels in the order of their names and no empty ones."""
    other = frame.astype({"plan": "string" if kind == "string" else "category"})
    if kind == "spare category":
        other["plan"] = other["plan"].cat.add_categories(["none"])
    given = list(other.dtypes)
    fits = [survival.fit_cox(rows, covariates=["plan", "paid"]) for rows in (frame, other)]
    assert fits[0].tidy()["term"].tolist() == ["plan[early]", "plan[free]", "plan[pro]", "paid"]
    pd.testing.assert_frame_equal(fits[0].tidy(), fits[1].tidy())
    assert list(other.dtypes) == given
    formula = survival.fit_cox(frame, formula="plan + paid").tidy()
    np.testing.assert_allclose(formula["estimate"], fits[0].tidy()["estimate"], rtol=1e-9)
    new = frame.iloc[[4, 1, 2]]
    np.testing.assert_allclose(
        fits[1].linear_predictor(new), fits[0].linear_predictor(other.iloc[[4, 1, 2]]), rtol=1e-12
    )


def test_input_unknown_and_empty_levels(frame):
    """An empty cell and a level that the fit has not seen are named, in text and in categories."""
    fit = survival.fit_cox(frame, covariates=["plan"])
    for kind in (object, "category"):
        strange = pd.DataFrame({"plan": ["pro", "gold", "free"]}).astype(kind)
        with pytest.raises(DataError, match=r"not seen, in 1 of 3 rows \(first: row 2: 'gold'\)"):
            fit.linear_predictor(strange)
        with pytest.raises(DataError, match=r"`plan` must be there .* not in 1 of 3 \(first: row 3\)"):
            fit.linear_predictor(pd.DataFrame({"plan": ["pro", "free", None]}).astype(kind))
        empty = frame.assign(plan=frame["plan"].where(~frame.index.isin([7, 9])).astype(kind))
        with pytest.raises(DataError, match=r"`plan` must be there .* not in 2 of 3,000 \(first: row 8\)"):
            survival.fit_cox(empty, covariates=["plan"])


def test_input_names_of_customers_are_no_category(frame):
    """Text that is different in most rows stays text, and is refused as a covariate."""
    named = frame.assign(who=[f"c{row}" for row in range(len(frame))])
    assert count_texts(named, ["who"])["who"].dtype.kind == "O"
    with pytest.raises(DataError, match="`who` has 3,000 levels in 3,000 rows, like a name of customers"):
        plan_design(count_texts(named, ["who"]), ["who"], None)
