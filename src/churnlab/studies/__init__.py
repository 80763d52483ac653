"""Studies: notebooks that are run the same way every time."""

from churnlab.studies.catalogue import Study, find_studies, find_study
from churnlab.studies.comparison import Comparison, compare_runs
from churnlab.studies.output import StudyOutput, open_study
from churnlab.studies.runner import RunResult, run
from churnlab.studies.secrets import secret
from churnlab.studies.verification import Verification, verify

__all__ = [
    "Comparison",
    "RunResult",
    "Study",
    "StudyOutput",
    "Verification",
    "compare_runs",
    "find_studies",
    "find_study",
    "open_study",
    "run",
    "secret",
    "verify",
]
