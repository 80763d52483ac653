"""How strong instruments are: the regression of price on them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from churnlab.elasticity.semidefinite import inverse

__all__ = ["FirstStage", "Strength", "strength"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class FirstStage:
    """Price on the instruments, other regressors and effects held constant.

    Attributes
    ----------
    coefficients
        Of the l instruments (l,).
    covariance
        Theirs (l, l), by the kind of errors that was asked for.
    iid_covariance
        Theirs for independent errors of equal variance (l, l).
    gram
        Cross-products of the instruments without other regressors and effects (l, l).
    df
        Degrees of freedom of the denominator.
    """

    coefficients: Array
    covariance: Array
    iid_covariance: Array
    gram: Array
    df: float


@dataclass(frozen=True, kw_only=True)
class Strength:
    """How strong the instruments are.

    Attributes
    ----------
    f
        F statistic of the instruments for independent errors of equal variance.
    robust_f
        The same by the kind of errors that was asked for.
    effective_f
        Of Montiel Olea and Pflueger.
    effective_f_critical
        Above which the bias of two-stage least squares is, at the level of 5 %, below a tenth of its worst.
    """

    f: float
    robust_f: float
    effective_f: float
    effective_f_critical: float


def strength(stage: FirstStage) -> Strength:
    """Return the F statistics of a first stage.

    Notes
    -----
    Montiel Olea and Pflueger (2013), A robust test for weak instruments: equation 8 for the effective F; the simplified
    critical value of section 4 with τ = 10 %, by Patnaik's approximation. With one instrument the effective F is the robust F,
    and the critical value 23.1.
    """
    fitted = float(stage.coefficients @ stage.gram @ stage.coefficients)
    return Strength(
        f=_wald(stage.coefficients, stage.iid_covariance),
        robust_f=_wald(stage.coefficients, stage.covariance),
        effective_f=fitted / float(np.trace(stage.covariance @ stage.gram)),
        effective_f_critical=_critical(stage.covariance, stage.gram),
    )


def _wald(coefficients: Array, covariance: Array) -> float:
    return float(coefficients @ inverse(covariance) @ coefficients) / len(coefficients)


def _critical(covariance: Array, gram: Array, bias: float = 0.1, level: float = 0.05) -> float:
    from scipy.stats import ncx2

    root = np.linalg.cholesky(gram)
    spread = root.T @ covariance @ root
    trace, largest = float(np.trace(spread)), float(np.linalg.eigvalsh(spread).max())
    squares = float((spread * spread).sum())
    df = trace**2 * (1 + 2 / bias) / (squares + 2 / bias * trace * largest)
    return float(ncx2.ppf(1 - level, df, df / bias)) / df
