"""What is known of each customer as of a date, and what she did afterwards."""

from churnlab.features.rfm import to_future, to_rfm, to_rfm_groups
from churnlab.features.units import DAYS_PER_UNIT, Unit, days_per, shift

__all__ = ["DAYS_PER_UNIT", "Unit", "days_per", "shift", "to_future", "to_rfm", "to_rfm_groups"]
