"""What makes customers satisfied, and what that is worth.

Importance of drivers (`fit_importance`, `fit_dominance`, `fit_ordinal_importance`, by segment), ordinal regression
(`fit_ordinal`), asymmetry, gaps, reliability, and the Net Promoter Score (`fit_nps`); docs/models-drivers.md lists the
calls and what they return.
"""

from churnlab.drivers.agreement import score_agreement, score_codes
from churnlab.drivers.answers import describe_answers, find_items, to_answers
from churnlab.drivers.asymmetry import AsymmetryFit, find_contrasts, fit_asymmetry
from churnlab.drivers.codebook import Codebook, code_comments, read_codebook
from churnlab.drivers.consequences import ConsequenceFit, fit_consequence
from churnlab.drivers.dominance import DominanceFit, fit_dominance
from churnlab.drivers.dose_response import to_dose_response
from churnlab.drivers.gap import GapFit, fit_gap
from churnlab.drivers.importance import fit_importance
from churnlab.drivers.importance_fit import ImportanceFit
from churnlab.drivers.importance_performance import to_importance_performance
from churnlab.drivers.linked_rows import ADJUST
from churnlab.drivers.links import to_complaint_outcomes, to_repurchase
from churnlab.drivers.map_plots import plot_importance_performance
from churnlab.drivers.nps import compare_nps, fit_nps
from churnlab.drivers.nps_fit import NpsFit
from churnlab.drivers.nps_panel import PairedNpsFit, fit_paired_nps, nps_sample_size
from churnlab.drivers.nps_scheme import NPS_SCHEMES, NpsScheme, nps_bands
from churnlab.drivers.ordinal import fit_ordinal
from churnlab.drivers.ordinal_checks import check_proportional_odds, ordinal_effects
from churnlab.drivers.ordinal_fit import OrdinalFit
from churnlab.drivers.ordinal_importance import fit_ordinal_importance
from churnlab.drivers.path_fit import PathFit
from churnlab.drivers.path_model import fit_path_model
from churnlab.drivers.plots import (
    plot_dose_response,
    plot_gaps,
    plot_importance,
    plot_nps,
    plot_theme_scores,
    plot_themes,
)
from churnlab.drivers.questionnaires import order_waves, to_wide
from churnlab.drivers.rankings import to_ranking
from churnlab.drivers.reliability import ReliabilityFit, fit_reliability
from churnlab.drivers.segments import SegmentImportance, fit_importance_by_segment
from churnlab.drivers.simulate import simulate_answers
from churnlab.drivers.themes import describe_themes
from churnlab.drivers.topics import TopicFit, fit_topics
from churnlab.drivers.words import split_words

__all__ = [
    "ADJUST",
    "NPS_SCHEMES",
    "AsymmetryFit",
    "Codebook",
    "ConsequenceFit",
    "DominanceFit",
    "GapFit",
    "ImportanceFit",
    "NpsFit",
    "NpsScheme",
    "OrdinalFit",
    "PairedNpsFit",
    "PathFit",
    "ReliabilityFit",
    "SegmentImportance",
    "TopicFit",
    "check_proportional_odds",
    "code_comments",
    "compare_nps",
    "describe_answers",
    "describe_themes",
    "find_contrasts",
    "find_items",
    "fit_asymmetry",
    "fit_consequence",
    "fit_dominance",
    "fit_gap",
    "fit_importance",
    "fit_importance_by_segment",
    "fit_nps",
    "fit_ordinal",
    "fit_ordinal_importance",
    "fit_paired_nps",
    "fit_path_model",
    "fit_reliability",
    "fit_topics",
    "nps_bands",
    "nps_sample_size",
    "order_waves",
    "ordinal_effects",
    "plot_dose_response",
    "plot_gaps",
    "plot_importance",
    "plot_importance_performance",
    "plot_nps",
    "plot_theme_scores",
    "plot_themes",
    "read_codebook",
    "score_agreement",
    "score_codes",
    "simulate_answers",
    "split_words",
    "to_answers",
    "to_complaint_outcomes",
    "to_dose_response",
    "to_importance_performance",
    "to_ranking",
    "to_repurchase",
    "to_wide",
]
