"""What makes customers satisfied, and what that is worth.

Importance of drivers (`fit_importance`, `fit_dominance`, `fit_ordinal_importance`, by segment), ordinal regression
(`fit_ordinal`), asymmetry, gaps, reliability, and the Net Promoter Score (`fit_nps`); docs/models-drivers.md lists the
calls and what they return.
"""

from churnlab.drivers.dominance import DominanceFit, fit_dominance
from churnlab.drivers.importance import fit_importance
from churnlab.drivers.importance_fit import ImportanceFit
from churnlab.drivers.nps import NpsFit, compare_nps, fit_nps
from churnlab.drivers.nps_panel import PairedNpsFit, fit_paired_nps, nps_sample_size
from churnlab.drivers.nps_scheme import NPS_SCHEMES, NpsScheme, nps_bands
from churnlab.drivers.segments import SegmentImportance, fit_importance_by_segment

__all__ = [
    "NPS_SCHEMES",
    "DominanceFit",
    "ImportanceFit",
    "NpsFit",
    "NpsScheme",
    "PairedNpsFit",
    "SegmentImportance",
    "compare_nps",
    "fit_dominance",
    "fit_importance",
    "fit_importance_by_segment",
    "fit_nps",
    "fit_paired_nps",
    "nps_bands",
    "nps_sample_size",
]
