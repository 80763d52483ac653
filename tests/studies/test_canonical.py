"""Taking out of an executed notebook what differs between identical runs."""

from typing import Any

import pytest

from churnlab.studies.canonical import canonical, source_of


def cell(*outputs: dict[str, Any], count: int | None = 1, source: str = "x", **metadata: Any) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "id": "c",
        "metadata": metadata,
        "source": source,
        "execution_count": count,
        "outputs": list(outputs),
    }


def test_truth_chance_is_taken_out() -> None:
    """Addresses in memory, process ids, folders, timings and papermill's marks leave the notebook."""
    text = "<A at 0x7f12ab> /tmp/ipykernel_12/345.py:1: W /here/runs/x"
    raw = {
        "cells": [
            cell({"output_type": "stream", "name": "stdout", "text": [text]}, papermill={"duration": 1}),
            {**cell(tags=["injected-parameters"]), "id": "4f2a"},
            cell(tags=["papermill-error-cell-tag"]),
            cell(tags=["churnlab-end"]),
        ],
        "metadata": {"papermill": {"start_time": "now"}, "kernelspec": {"name": "python3"}},
    }
    clean = canonical(raw, hide={"/here/runs": "."})
    assert clean["cells"][0]["outputs"][0]["text"] == "<A at 0x…> <cell>:1: W ./x"
    assert clean["cells"][0]["metadata"] == {}
    assert [one["id"] for one in clean["cells"]] == ["c", "injected-parameters"]
    assert clean["metadata"] == {"kernelspec": {"name": "python3"}}
    assert canonical(clean) == clean


@pytest.mark.parametrize("text", ["ab/" * 100_000, "/a/ipykernel_" * 20_000, "/" * 300_000])
def test_truth_long_text_without_spaces_is_cleaned_in_its_length(text: str) -> None:
    """A picture written as text, which is one word of slashes and letters, takes no time that grows with its square."""
    output = {"output_type": "stream", "name": "stdout", "text": text + " /a/b/ipykernel_1/2.py"}
    assert canonical({"cells": [cell(output)], "metadata": {}})["cells"][0]["outputs"][0]["text"] == text + " <cell>"


def test_truth_source_is_recovered() -> None:
    """An executed notebook gives back its source: no outputs, no injected parameters."""
    error = {"output_type": "error", "ename": "E", "evalue": "x", "traceback": []}
    executed = {"cells": [cell(error), cell(tags=["injected-parameters"])], "metadata": {}}
    assert source_of(executed)["cells"] == [cell(count=None)]
