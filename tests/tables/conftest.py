"""Three good orders, and what reading a table is refused with."""

from collections.abc import Callable

import pandas as pd
import pytest

from churnlab import tables
from churnlab.errors import DataError


@pytest.fixture
def orders() -> Callable[..., pd.DataFrame]:
    good = {"customer_id": ["007", "b", "b"], "date": ["2024-01-01", "2024-01-02", "2024-02-01"], "amount": [1.5, 2, 0]}
    return lambda **columns: pd.DataFrame({**good, **columns})


@pytest.fixture
def refusal() -> Callable[..., str]:
    def refused(source: object, contract: str = "ORDERS", **options: object) -> str:
        with pytest.raises(DataError) as caught:
            tables.read(source, contract, **options)
        return str(caught.value)

    return refused
