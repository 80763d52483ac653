"""Judging an executed notebook."""

from typing import Any

import pytest

from churnlab.studies.judgement import judge


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
    ([cell(), cell()], "finished", 2, "done", ""),
    ([cell(), cell(count=None, source=" ")], "finished", 1, "done", ""),
    ([cell(), cell(count=None), cell(count=None)], "broken", 1, "failed", "the kernel died in cell 2"),
    ([cell(), cell(), cell(count=None)], "broken", 1, "failed", "the kernel died in cell 2"),
    ([cell(), cell(tags=["injected-parameters"]), cell()], "broken", 2, "failed", "the kernel died in cell 2"),
    ([cell(), cell()], "broken", 2, "failed", "the kernel died in cell 2"),
    ([cell(), cell(count=None)], "finished", 1, "failed", "the kernel died in cell 2"),
    ([cell(count=None)], "broken", 0, "failed", "the notebook could not be executed: the last word"),
    ([cell(error("ValueError", "bad\nmore"))], "broken", 0, "failed", "cell 1 failed: ValueError: bad"),
    ([cell(error("ValueError", "bad"))], "finished", 1, "failed", "cell 1 failed: ValueError: bad"),
    ([cell(error("SystemExit", "0"))], "finished", 1, "failed", "cell 1 left the notebook with sys.exit"),
    ([cell(error("DataError", "one\ntwo"))], "broken", 0, "data", "one\ntwo"),
    ([cell(error("ParameterError", "no"))], "broken", 0, "data", "no"),
    ([cell(image())], "finished", 1, "failed", "cell 1 shows a figure without alt text"),
    ([cell(image(alt="  "))], "finished", 1, "failed", "cell 1 shows a figure without alt text"),
    ([cell(image(alt="a line"))], "finished", 1, "done", ""),
]


@pytest.mark.parametrize(("cells", "end", "done", "status", "message"), VERDICTS)
def test_truth_verdict(cells: list[dict[str, Any]], end: str, done: int, status: str, message: str) -> None:
    """Done means: every cell executed, the end reached, no error shown, every figure told in words."""
    verdict = judge({"cells": cells}, finished=end == "finished", done=done, log="first\nthe last word\n")
    assert verdict.status == status
    assert verdict.message.startswith(message)


def test_truth_traceback_loses_its_colours() -> None:
    """The traceback that is kept beside a failed run is plain text."""
    assert judge({"cells": [cell(error("E", "x"))]}, finished=False, done=0).traceback == "line"
