"""Makes simulated orders of any size: python benchmarks/features/orders.py ROWS SEED FILE [FILE.csv].

The rows are the same for the same seed, whatever the number of threads.
Customers come in over the first 70 percent of three years, stay for exponential times and buy unevenly; dates have
times, amounts cents. The file is ordered by date, as an export is.
"""

import sys
from pathlib import Path

import duckdb

ROWS_PER_CUSTOMER = 10

SQL = """
WITH drawn AS (
    SELECT CAST(floor({customers} * pow({pick}, 1.5)) AS BIGINT) AS customer_id, {when} AS u, {money} AS v, {kind} AS k,
        {place} AS p
    FROM range({rows}) AS t(i)
),
lived AS (
    SELECT *, 0.7 * {birth} AS birth,
        -0.4 * ln(1 - {life}) AS life
    FROM drawn
)
SELECT
    customer_id,
    date_trunc('second', TIMESTAMP '2023-01-01' + to_seconds(94608000 * (birth + u * least(life, 1 - birth)))) AS date,
    round(exp(2.5 + 3 * (v - 0.5)), 2) AS amount,
    'category ' || CAST(floor(40 * pow(k, 2)) AS BIGINT) AS category,
    CASE WHEN p < 0.5 THEN 'web' WHEN p < 0.8 THEN 'shop' WHEN p < 0.9 THEN 'phone' ELSE 'app' END AS channel
FROM lived
ORDER BY date
"""


def make_orders(rows: int, seed: int, path: Path) -> None:
    """Write the orders to a Parquet file."""
    drawn = {
        name: _uniform("i", number, seed) for number, name in enumerate(("pick", "when", "money", "kind", "place"))
    }
    lived = {name: _uniform("customer_id", number, seed) for number, name in enumerate(("birth", "life"), 10)}
    sql = SQL.format(rows=rows, seed=seed, customers=max(rows // ROWS_PER_CUSTOMER, 1), **drawn, **lived)
    duckdb.connect().sql(sql).write_parquet(str(path), compression="zstd")


def _uniform(key: str, number: int, seed: int) -> str:
    """Return the SQL of a number from 0 to 1 that is the same for the same key; each draw has a stream of its own."""
    return f"(hash({key} + {10**12 * (20 * seed + number)}) / 18446744073709551616.0)"


if __name__ == "__main__":
    make_orders(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
    for copy in sys.argv[4:]:
        duckdb.read_parquet(sys.argv[3]).write_csv(copy)
