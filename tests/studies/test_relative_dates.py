"""Dates in words."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnlab.errors import ParameterError
from churnlab.studies.relative_dates import resolve_date

DAYS = st.dates(date(1900, 1, 1), date(2200, 12, 31))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("today", date(2024, 8, 15)),
        ("yesterday", date(2024, 8, 14)),
        ("week-start", date(2024, 8, 12)),
        ("month-start", date(2024, 8, 1)),
        ("quarter-start", date(2024, 7, 1)),
        ("year-start", date(2024, 1, 1)),
        ("month-start - 1 day", date(2024, 7, 31)),
        ("today - 6 months", date(2024, 2, 15)),
        ("year-start + 2 quarters", date(2024, 7, 1)),
        ("Today-1year", date(2023, 8, 15)),
        ("2024-08-15", None),
        ("month-end", None),
        ("today - 1.5 days", None),
    ],
)
def test_truth_words_mean_dates(text: str, expected: date | None) -> None:
    """15 August 2024 is a Thursday of the third quarter."""
    assert resolve_date(text, date(2024, 8, 15)) == expected


def test_truth_months_end_where_they_end() -> None:
    """A shift by months that misses the end of a month ends on its last day, leap years included."""
    assert resolve_date("today - 1 month", date(2024, 3, 31)) == date(2024, 2, 29)
    assert resolve_date("today - 1 year", date(2024, 2, 29)) == date(2023, 2, 28)


@given(DAYS, st.integers(0, 500))
def test_invariant_starts_hold_the_day(day: date, shift: int) -> None:
    """A period starts on or before the day; weeks start on Mondays; a shift there and back comes home."""
    starts = [resolve_date(f"{unit}-start", day) for unit in ("year", "quarter", "month", "week")]
    assert starts[0] <= starts[1] <= starts[2] <= day
    assert starts[3].weekday() == 0
    assert timedelta() <= day - starts[3] < timedelta(7)
    there = resolve_date(f"month-start + {shift} months", day)
    assert resolve_date(f"today - {shift} months", there) == starts[2]


def test_input_end_of_the_calendar() -> None:
    """A shift out of the calendar is an error in words."""
    with pytest.raises(ParameterError, match="'today - 9999 years' leaves the calendar"):
        resolve_date("today - 9999 years", date(2024, 1, 1))
