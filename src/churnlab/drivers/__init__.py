"""What makes customers satisfied, and what that is worth.

Importance of drivers (`fit_importance`, `fit_dominance`, `fit_ordinal_importance`, by segment), ordinal regression
(`fit_ordinal`), asymmetry, gaps, reliability, and the Net Promoter Score (`fit_nps`); docs/models-drivers.md lists the
calls and what they return.
"""

from churnlab.drivers.dominance import DominanceFit, fit_dominance
from churnlab.drivers.importance import fit_importance
from churnlab.drivers.importance_fit import ImportanceFit
from churnlab.drivers.segments import SegmentImportance, fit_importance_by_segment

__all__ = [
    "DominanceFit",
    "ImportanceFit",
    "SegmentImportance",
    "fit_dominance",
    "fit_importance",
    "fit_importance_by_segment",
]
