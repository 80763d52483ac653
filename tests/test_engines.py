"""Where the heavy passes run."""

import duckdb
import pytest

from churnlab import datasets, features, tables
from churnlab.engines import DuckDBEngine
from churnlab.errors import ParameterError


def test_truth_with_little_memory_the_numbers_are_the_same(full_orders):
    """An engine that may take 100 MB gives what one without a limit gives."""
    small = tables.read(datasets.find("cdnow"), "ORDERS", engine=DuckDBEngine(memory="100MB"))
    limited, free = (features.to_rfm(orders, as_of="1997-10-01") for orders in (small, full_orders))
    assert limited.equals(free)
    limit = small.engine.rows("SELECT value FROM duckdb_settings() WHERE name = 'memory_limit'")[0][0]
    assert limit == "95.3 MiB"


def test_input_memory_that_is_none():
    """An amount that is none is refused, and so is one beside a connection of one's own."""
    with pytest.raises(ParameterError, match="`memory` must be an amount such as '2GB', not 'plenty'"):
        DuckDBEngine(memory="plenty")
    with pytest.raises(ParameterError, match="not both"):
        DuckDBEngine(duckdb.connect(), memory="1GB")
