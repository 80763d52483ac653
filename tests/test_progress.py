"""Progress bars."""

import pytest

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
