"""The pages say what the code does."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from churnlab import tables

ROOT = Path(__file__).parents[1]


def test_truth_the_page_of_contracts_is_the_one_that_is_printed():
    """docs/contracts.md is what tools/contracts_page.py prints."""
    printed = subprocess.run(
        [sys.executable, "tools/contracts_page.py"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert printed.stdout == (ROOT / "docs" / "contracts.md").read_text(encoding="utf-8")


def test_truth_the_column_map_of_the_page_is_read(tmp_path):
    """The column map shown in docs/tables.md is a column map."""
    page = (ROOT / "docs" / "tables.md").read_text(encoding="utf-8")
    path = tmp_path / "map.toml"
    path.write_text(re.search(r"```toml\n(.*?)```", page, re.DOTALL)[1], encoding="utf-8")
    layout = tables.read_layout(path)
    assert layout.columns == {"customer_id": "Kundennummer", "date": "Bestelldatum", "amount": "Betrag"}
    assert (layout.decimal, layout.missing, layout.negative_amounts) == (",", ("NA", "-"), "leave_out")


def test_truth_the_python_of_the_readme_runs():
    """The example in README.md runs as it stands."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    exec(re.search(r"```python\n(.*?)```", text, re.DOTALL)[1], {})  # noqa: S102  (our own file)


@pytest.mark.parametrize(
    "page", sorted(path.relative_to(ROOT).as_posix() for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
)
def test_truth_links_lead_somewhere(page):
    """Every link between the project's own pages and pictures has its target."""
    text = (ROOT / page).read_text(encoding="utf-8")
    targets = [target for target in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in target]
    assert [target for target in targets if not (ROOT / page).parent.joinpath(target).exists()] == []
