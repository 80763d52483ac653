"""Lets JupyterLab's scheduler run studies the way everything else does.

Start JupyterLab with
``--SchedulerApp.scheduler_class=jupyter_scheduler.scheduler.Scheduler
--Scheduler.execution_manager_class=churnlab.studies.lab_scheduler.StudyExecutionManager``.
"""

from __future__ import annotations

import json
import os
import shutil
from datetime import date
from pathlib import Path

from jupyter_scheduler.executors import DefaultExecutionManager

from churnlab.studies.catalogue import find_study, parameters_cell
from churnlab.studies.index import write_index
from churnlab.studies.relative_dates import resolve_dates
from churnlab.studies.runner import RunResult, run
from churnlab.studies.values import read_texts

_OUTPUTS = {"html": "report.html", "ipynb": "notebook.ipynb"}


class StudyExecutionManager(DefaultExecutionManager):  # type: ignore[misc]  # the package has no types
    """Runs a job's notebook as a study, into ``runs`` below the server's folder; other notebooks run as ever.

    Parameters are checked before a kernel starts, dates may be words such as ``month-start``, data is looked for below the
    server's folder, and the job fails with the same one line that ``churnlab run`` would end with.
    """

    def execute(self) -> None:
        """Run the job.

        Raises
        ------
        RuntimeError
            If the study fails; the job's status says why.
        ParameterError
            If a parameter is unknown, of the wrong kind, out of range, or a missing file.
        """
        notebook = Path(self.staging_paths["input"])
        if parameters_cell(json.loads(notebook.read_text(encoding="utf-8"))) is None:
            super().execute()
            return
        os.chdir(self.root_dir)  # the job has a process of its own
        declared = find_study(notebook.stem, notebook.parent).parameters
        values = resolve_dates(declared, read_texts(declared, self.model.parameters or {}), date.today())
        result = run(notebook.stem, values, notebooks=notebook.parent)
        write_index()
        self._hand_over(result)
        if result.exit_code:
            raise RuntimeError(f"{result.message} (see {result.folder})")

    def _hand_over(self, result: RunResult) -> None:
        """Copy report and notebook to where the scheduler offers them for download."""
        for kind, name in _OUTPUTS.items():
            if kind in self.staging_paths and (result.folder / name).is_file():
                shutil.copyfile(result.folder / name, self.staging_paths[kind])
