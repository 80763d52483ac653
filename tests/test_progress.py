"""Progress bars."""

import pytest

from churnlab.engines import DuckDBEngine
from churnlab.progress import track


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pretend to be a notebook that somebody looks at."""
    monkeypatch.setitem(__import__("sys").modules, "ipykernel", __import__("sys"))
    monkeypatch.delenv("CHURNLAB_OUTPUT", raising=False)


def _clock(monkeypatch: pytest.MonkeyPatch, step: float) -> None:
    """Let a second hand move by `step` at each look."""
    from tqdm import std

    ticks = iter(step * place for place in range(1_000_000))
    monkeypatch.setattr(std, "time", lambda: next(ticks))


@pytest.mark.usefixtures("notebook")
@pytest.mark.parametrize(("step", "shown"), [(0.001, False), (1.0, True)])
def test_truth_bar_comes_after_two_seconds(
    step: float, shown: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is quick shows nothing; what takes longer shows its name and how far it is."""
    _clock(monkeypatch, step)
    assert list(track(range(20), "drawing")) == list(range(20))
    assert ("drawing:" in capsys.readouterr().err) == shown


@pytest.mark.usefixtures("notebook")
def test_truth_runs_show_no_bar(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """In a run, whose bytes must not depend on the clock, nothing is shown however long it takes."""
    monkeypatch.setenv("CHURNLAB_OUTPUT", "anywhere")
    _clock(monkeypatch, 1.0)
    assert sum(track([1, 2, 3], "adding")) == 6
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("notebook")
def test_truth_engine_shows_long_queries_where_somebody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine's own bar is on for somebody who waits, if it can be drawn, and off in a run."""
    pytest.importorskip("ipywidgets", reason="needs the extra `lab`", exc_type=ImportError)
    asked = "SELECT current_setting('enable_progress_bar')"
    assert DuckDBEngine().rows(asked) == [(True,)]
    monkeypatch.setenv("CHURNLAB_OUTPUT", "anywhere")
    assert DuckDBEngine().rows(asked) == [(False,)]
