"""Judging an executed notebook."""

from typing import Any

import pytest

from churnlab.studies.canonical import canonical, source_of
from churnlab.studies.execution import judge


def cell(*outputs: dict[str, Any], count: int | None = 1, source: str = "x", **metadata: Any) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "id": "c",
        "metadata": metadata,
        "source": source,
        "execution_count": count,
        "outputs": list(outputs),
    }


def error(name: str, value: str) -> dict[str, Any]:
    return {"output_type": "error", "ename": name, "evalue": value, "traceback": ["\x1b[0;31mline\x1b[0m"]}


def image(**metadata: Any) -> dict[str, Any]:
    return {"output_type": "display_data", "data": {"image/png": "AA=="}, "metadata": {"image/png": metadata}}


VERDICTS = [
    ([cell(), cell()], True, "done", ""),
    ([cell(), cell(count=None, source=" ")], True, "done", ""),
    ([cell(), cell(count=None), cell(count=None)], False, "failed", "the kernel died in cell 2"),
    ([cell(count=None)], False, "failed", "could not be executed: the last word"),
    ([cell(), cell(count=None)], True, "failed", "the kernel died in cell 2"),
    ([cell(error("ValueError", "bad\nmore"))], False, "failed", "cell 1 failed: ValueError: bad"),
    ([cell(error("ValueError", "bad"))], True, "failed", "cell 1 failed: ValueError: bad"),
    ([cell(error("SystemExit", "0"))], True, "failed", "cell 1 left the notebook with sys.exit"),
    ([cell(error("DataError", "one\ntwo"))], False, "data", "one\ntwo"),
    ([cell(error("ParameterError", "no"))], False, "data", "no"),
    ([cell(image())], True, "failed", "cell 1 shows a figure without alt text"),
    ([cell(image(alt="  "))], True, "failed", "cell 1 shows a figure without alt text"),
    ([cell(image(alt="a line"))], True, "done", ""),
]


@pytest.mark.parametrize(("cells", "finished", "status", "message"), VERDICTS)
def test_truth_verdict(cells: list[dict[str, Any]], finished: bool, status: str, message: str) -> None:
    """Done means: every cell executed, the end reached, no error shown, every figure told in words."""
    verdict = judge({"cells": cells}, finished=finished, log="first\nthe last word\n")
    assert verdict.status == status
    assert verdict.message.startswith(message) if "cell" in message else message in verdict.message


def test_truth_traceback_loses_its_colours() -> None:
    """The traceback that is kept beside a failed run is plain text."""
    assert judge({"cells": [cell(error("E", "x"))]}, finished=False).traceback == "line"


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
    clean = canonical(raw, hide=("/here/runs",))
    assert clean["cells"][0]["outputs"][0]["text"] == "<A at 0x…> <cell>:1: W ./x"
    assert clean["cells"][0]["metadata"] == {}
    assert [one["id"] for one in clean["cells"]] == ["c", "injected-parameters"]
    assert clean["metadata"] == {"kernelspec": {"name": "python3"}}
    assert canonical(clean) == clean


def test_truth_source_is_recovered() -> None:
    """An executed notebook gives back its source: no outputs, no injected parameters."""
    executed = {"cells": [cell(error("E", "x")), cell(tags=["injected-parameters"])], "metadata": {}}
    assert source_of(executed)["cells"] == [cell(count=None)]
