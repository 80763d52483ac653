"""One Spark session for all tests: a driver and two executors, each a process of its own, on this machine."""

import importlib.util
import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

_SETTINGS = {
    "spark.executor.memory": "1g",
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.session.timeZone": "UTC",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.network.timeout": "600s",
    "spark.executor.heartbeatInterval": "60s",
}


@pytest.fixture(scope="session")
def spark() -> Iterator[Any]:
    """Return the session; without pyspark or Java the tests that need it are skipped."""
    if importlib.util.find_spec("pyspark") is None:
        pytest.skip("pyspark is not installed; make test-spark installs it")
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        pytest.skip("Spark needs Java 17 or newer, and there is none here")
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local-cluster[2,1,1024]").appName("churnlab tests")
    for name, value in _SETTINGS.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    yield session
    session.stop()
