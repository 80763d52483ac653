"""Where the heavy passes run: DuckDB inside this process, or a Spark session of yours."""

from churnlab.engines.duckdb import DuckDBEngine, default_engine
from churnlab.engines.engine import Engine
from churnlab.engines.quoting import quote_name, quote_text
from churnlab.engines.spark import SparkEngine

__all__ = ["DuckDBEngine", "Engine", "SparkEngine", "default_engine", "quote_name", "quote_text"]
