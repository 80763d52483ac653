"""What the tests of the repurchase family share."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from churnlab.repurchase.covariates import Covariates
from churnlab.repurchase.transaction_fit import TransactionFit
from churnlab.repurchase.transaction_model import TransactionModel


@pytest.fixture(scope="session")
def model_at() -> Callable[[TransactionModel, Sequence[float]], TransactionFit]:
    """Return a model at given parameters, not fitted to anything."""

    def at(model: TransactionModel, theta: Sequence[float]) -> TransactionFit:
        return TransactionFit(
            model=model,
            covariates=Covariates(),
            theta=np.asarray(theta, dtype=float),
            covariance=np.eye(len(theta)),
            n=1.0,
            log_likelihood=0.0,
            penalty=0.0,
            conf_level=0.95,
        )

    return at
