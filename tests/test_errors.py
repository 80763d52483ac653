"""How errors look in JupyterLab."""

import pytest

from churnlab.errors import ChurnlabError, ConvergenceError, DataError, ParameterError


@pytest.mark.parametrize("kind", [DataError, ParameterError, ConvergenceError])
def test_truth_error_is_a_box_with_the_callers_line(kind: type[ChurnlabError]) -> None:
    """The message stands in a box, wrapped, with the line of the caller and none of the package's own."""
    from churnlab import inference

    with pytest.raises(ParameterError) as raised:
        inference.normal_quantile(2.0)
    box = raised.value._render_traceback_()
    assert box[0].startswith("╭─ ParameterError ─")
    assert box[1] == "│ `conf_level` must lie between 0 and 1, not 2.0."
    assert box[-2] == "│ at: inference.normal_quantile(2.0)"
    long = kind("word " * 100 + "\n\nlast")._render_traceback_()
    assert len(long) == 2 + 5 + 2
    assert max(map(len, long)) <= 104


def test_truth_ipython_shows_the_box(capsys: pytest.CaptureFixture[str]) -> None:
    """IPython prints the box and no traceback."""
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell()
    shell.run_cell("from churnlab.errors import DataError\nraise DataError('`date` is missing')")
    shown = capsys.readouterr().out
    assert "│ `date` is missing" in shown
    assert "Traceback" not in shown
