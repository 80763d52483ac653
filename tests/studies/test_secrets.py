"""Secrets: told by name, never written down."""

import html
import json
import urllib.parse
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from churnlab import studies
from churnlab.errors import ParameterError
from churnlab.studies.secrets import refuse_secrets, remove_leaks

Make = Callable[..., Path]
PARAMETERS = "key: str = 'env:CHURNLAB_TEST_KEY'  # where the key is\n"
CORE = "s3cret-Value"
VALUE = f"<a\"b'&\\é{CORE}"  # written otherwise in JSON, in HTML, in Python's quotes and in an address


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a secret in the environment."""
    monkeypatch.setenv("CHURNLAB_TEST_KEY", VALUE)


def held(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file() and CORE.encode() in path.read_bytes()]


@pytest.mark.parametrize(
    "values",
    [
        {"source": "postgresql://me:hunter2@host/shop"},
        {"source": "host=db user=me password=hunter2"},
        {"sources": ["a.csv", "mysql://me:hunter2@host"]},
        {"options": {"a": "token = hunter2"}},
        {"api_key": "hunter2"},
    ],
)
def test_input_passwords_are_refused(values: dict[str, object]) -> None:
    """What looks like a password is refused before anything is written, and not repeated."""
    with pytest.raises(ParameterError, match="holds what looks like a password; put it into an environment") as refusal:
        refuse_secrets(values)
    assert "hunter2" not in str(refusal.value)


def test_truth_plain_values_pass() -> None:
    """References, addresses without passwords, and words about secrets are no secrets."""
    refuse_secrets({"api_key": "env:KEY", "source": "https://host:8080/a@b", "label": "secret santa", "n": 3})


def test_truth_secret_is_seen_but_not_kept(make_study: Make, tmp_path: Path) -> None:
    """A study can use a secret; even if a cell prints it, no file of the run holds it."""
    cells = (
        "from churnlab import studies\nstudy = studies.open_study('quick')",
        "print(studies.secret(key)); study.value('n', 'Length', len(studies.secret(key)))",
        "studies.secret(key)",
        "from IPython.display import display\n"
        "display({'text/html': study.__class__.__name__, 'application/json': {studies.secret(key): [studies.secret(key)]}},"
        " metadata={'alt': studies.secret(key)}, raw=True)",
    )
    result = studies.run("quick", notebooks=make_study("quick", cells, PARAMETERS), out=tmp_path / "runs")
    assert result.status == "done"
    assert f'"estimate": {len(VALUE)}' in (result.folder / "results.json").read_text(encoding="utf-8")
    assert held(tmp_path / "runs") == []


def test_truth_leak_fails_the_run(make_study: Make, tmp_path: Path) -> None:
    """A secret in an output file fails the run, and the file goes."""
    cells = (
        "from churnlab import studies\nimport pandas as pd\nstudy = studies.open_study('quick')",
        "study.answer(studies.secret(key))",
    )
    result = studies.run("quick", notebooks=make_study("quick", cells, PARAMETERS), out=tmp_path / "runs")
    assert result.status == "failed"
    assert result.message.startswith("a secret was put out, and was removed again: results.json held env:CHURNLAB")
    assert held(tmp_path / "runs") == []


def test_truth_error_that_holds_a_secret_is_told_without_it(make_study: Make, tmp_path: Path) -> None:
    """What a cell complains of, such as a connection that failed, is kept and told with the secret's name."""
    cells = ("from churnlab import studies", "raise ConnectionError(f'no answer from me:{studies.secret(key)}@host')")
    result = studies.run("quick", notebooks=make_study("quick", cells, PARAMETERS), out=tmp_path / "runs")
    assert result.message == "cell 4 failed: ConnectionError: no answer from me:env:CHURNLAB_TEST_KEY@host"
    assert held(tmp_path / "runs") == []


@pytest.mark.parametrize("write", [str, repr, json.dumps, html.escape, urllib.parse.quote])
def test_truth_leak_is_found_however_it_is_written(write: Callable[[str], str], tmp_path: Path) -> None:
    """A file that holds a secret goes, whichever way the secret is quoted."""
    (tmp_path / "any.txt").write_text(f"before {write(VALUE)} after", encoding="utf-8")
    assert remove_leaks(tmp_path, {"KEY": VALUE}) == ["any.txt held env:KEY"]
    assert held(tmp_path) == []


def test_truth_leak_in_a_compressed_table_is_found(tmp_path: Path) -> None:
    """A table is looked into, since its bytes do not show what it holds."""
    path = tmp_path / "logins.parquet"
    rows = f"SELECT 'user ' || range AS name, [repeat('x', 99) || '{CORE}' || range] AS note FROM range(5000)"
    with duckdb.connect() as connection:
        connection.sql(rows).write_parquet(str(path), compression="zstd")
    assert remove_leaks(tmp_path, {"KEY": "another"}) == []
    assert remove_leaks(tmp_path, {"KEY": f"x{CORE}12"}) == ["logins.parquet held env:KEY"]


def test_input_reference_that_leads_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that is not set, and a text that is no reference, are named."""
    monkeypatch.delenv("CHURNLAB_TEST_KEY")
    with pytest.raises(ParameterError, match="the environment variable CHURNLAB_TEST_KEY is not set"):
        studies.secret("env:CHURNLAB_TEST_KEY")
    with pytest.raises(ParameterError, match="a secret is given as env:NAME"):
        studies.secret("plain")
