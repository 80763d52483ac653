"""Segments of customers with like habits, found by k-means, with how stable they are."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab import display
from churnlab.errors import DataError, ParameterError
from churnlab.features.scaling import Scale, to_scale
from churnlab.features.units import require_whole
from churnlab.progress import track

__all__ = ["HabitSegments", "segment_by_habits"]

Array = npt.NDArray[np.float64]
Labels = npt.NDArray[np.intp]

_SAMPLE = 2000
_STARTS = 10


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class HabitSegments:
    """Segments of customers with like habits.

    Attributes
    ----------
    features
        Names of the p features.
    centers
        Centres of the segments on the common scale (k, p), largest segment first.
    scale
        How features become comparable.
    sizes
        Number of customers in each segment (k,).
    silhouettes
        Mean silhouette of each number of segments that was tried.
    stability
        Mean adjusted Rand index between these segments and those of bootstrap samples: 1 if resampling never moves
        anybody, 0 if segments are no more alike than by chance.
    seed
        Of the random numbers.
    """

    features: tuple[str, ...]
    centers: Array
    scale: Scale
    sizes: npt.NDArray[np.int64]
    silhouettes: Mapping[int, float]
    stability: float
    seed: int

    @property
    def k(self) -> int:
        """Number of segments."""
        return len(self.sizes)

    def tidy(self) -> pd.DataFrame:
        """Return one row per segment: `segment`, `customers`, `share`, and its centre in each feature's own unit."""
        centers = pd.DataFrame(self.scale.to_units(self.centers), columns=list(self.features))
        centers.insert(0, "segment", np.arange(1, self.k + 1))
        centers.insert(1, "customers", self.sizes)
        centers.insert(2, "share", self.sizes / self.sizes.sum())
        return centers

    def glance(self) -> pd.DataFrame:
        """Return one row: `n, k, silhouette, stability, seed`."""
        return pd.DataFrame(
            {
                "n": [int(self.sizes.sum())],
                "k": [self.k],
                "silhouette": [self.silhouettes[self.k]],
                "stability": [self.stability],
                "seed": [self.seed],
            }
        )

    def choice(self) -> pd.DataFrame:
        """Return one row per number of segments tried: `k, silhouette, chosen`."""
        tried = list(self.silhouettes)
        return pd.DataFrame(
            {"k": tried, "silhouette": list(self.silhouettes.values()), "chosen": [k == self.k for k in tried]}
        )

    def predict(self, new_data: pd.DataFrame) -> pd.DataFrame:
        """Return the segment of each customer, that with the nearest centre, in the order of the rows: `segment`.

        Parameters
        ----------
        new_data
            With the features.

        Raises
        ------
        DataError
            If a feature is not there, is no number, or has missing values.
        """
        points = self.scale.to_standard(_values(new_data, self.features))
        return pd.DataFrame({"segment": _nearest(points, self.centers) + 1}, index=new_data.index)

    def __repr__(self) -> str:
        return (
            f"HabitSegments({self.k} segments of {self.sizes.sum():,} customers by {len(self.features)} features; "
            f"silhouette {self.silhouettes[self.k]:.2f}, stability {self.stability:.2f})"
        )

    def _repr_html_(self) -> str:
        return display.to_html(self)


def segment_by_habits(
    frame: pd.DataFrame,
    *,
    features: Sequence[str] | None = None,
    k: Sequence[int] = tuple(range(2, 9)),
    draws: int = 20,
    seed: int = 1,
) -> HabitSegments:
    """Find segments of customers with like habits.

    Parameters
    ----------
    frame
        One row per customer, as :func:`snapshot` makes it.
    features
        Which columns to go by; by default all but `customer_id` and `as_of`.
    k
        Numbers of segments to try.
    draws
        Number of bootstrap samples that the stability is measured on.
    seed
        Of the random numbers.

    Returns
    -------
    HabitSegments

    Raises
    ------
    DataError
        If a feature is missing, is no number, has missing values or one value only; or there are too few customers, or too
        few that differ.
    ParameterError
        If there is no list of numbers to try, one is below 2, or there are no draws.

    Notes
    -----
    k-means (Lloyd 1982, by scikit-learn with the starts of Arthur and Vassilvitskii 2007) on comparable features: of
    those that are nowhere negative and whose skewness exceeds 1 the logarithm of one plus the value; less the median,
    over the interquartile range / 1.349 (over the standard deviation where that is 0); drawn in to ±4, so that a few
    extreme customers do not make a segment of their own. k is the one with the largest mean silhouette (Rousseeuw 1987)
    on a sample of at most 2,000 customers. Stability as in Hennig (2007), Cluster-wise assessment of cluster stability:
    segments are found again in bootstrap samples of these customers, and all of them are assigned by either.
    A silhouette below 0.25 or a stability below 0.6 say that customers differ by degree and do not fall into groups: the
    segments are then a way to speak, not a finding.

    Examples
    --------
    >>> frame = pd.DataFrame({"orders": [*range(30), *range(1000, 1030)]})
    >>> segment_by_habits(frame)
    HabitSegments(2 segments of 60 customers by 1 features; silhouette 0.99, stability 1.00)
    """
    columns = [name for name in frame if name not in ("customer_id", "as_of")] if features is None else features
    names = tuple(map(str, columns))
    _check(frame, names, k, draws)
    values = _values(frame, names)
    scale = to_scale(values, names)
    points = scale.to_standard(values)
    _check_distinct(points, k)
    rng = np.random.default_rng(seed)
    sample = points[np.sort(rng.choice(len(points), min(len(points), _SAMPLE), replace=False))]
    silhouettes = {number: _silhouette(sample, number, seed) for number in track(sorted(set(k)), "groups")}
    best = max(silhouettes, key=lambda number: silhouettes[number])
    centers = _centers(points, best, seed)
    sizes = np.bincount(_nearest(points, centers), minlength=best)
    order = np.argsort(-sizes, kind="stable")
    return HabitSegments(
        features=names,
        centers=centers[order],
        scale=scale,
        sizes=sizes[order].astype(np.int64),
        silhouettes=silhouettes,
        stability=_stability(sample, centers, rng, draws=draws, seed=seed),
        seed=seed,
    )


def _check(frame: pd.DataFrame, names: tuple[str, ...], k: Sequence[int], draws: int) -> None:
    if not names:
        raise ParameterError("There is no feature to go by.")
    if isinstance(k, str) or not isinstance(k, Iterable) or not list(k):
        raise ParameterError(f"`k` must be a list of numbers of segments, as in [3] or range(2, 9), not {k!r}.")
    for number in k:
        require_whole("k", number, least=2)
    require_whole("draws", draws)
    if len(frame) < 2 * max(k):
        raise DataError(
            f"{len(frame):,} customers are too few for {max(k)} segments: there must be {2 * max(k)} or more."
        )


def _check_distinct(points: Array, k: Sequence[int]) -> None:
    distinct = len(np.unique(points, axis=0))
    if distinct < min(k):
        raise DataError(
            f"{len(points):,} customers have only {distinct} different habits, too few for {min(k)} segments."
        )


def _values(frame: pd.DataFrame, names: tuple[str, ...]) -> Array:
    absent = [name for name in names if name not in frame]
    if absent:
        raise DataError(f"The frame has no column {', '.join(map(repr, absent))}.")
    words = [name for name in names if not pd.api.types.is_numeric_dtype(frame[name])]
    if words:
        raise DataError(f"Segments by habits take numbers, which {', '.join(map(repr, words))} are not.")
    values = frame[list(names)].to_numpy(dtype=np.float64, na_value=np.nan)
    counts = (~np.isfinite(values)).sum(axis=0)
    if counts.any():
        listed = ", ".join(f"{name!r} ({n:,} of {len(frame):,})" for name, n in zip(names, counts, strict=True) if n)
        raise DataError(
            f"Values are missing or infinite in {listed}. Fill them in with a meaning, or leave the columns out."
        )
    return values


def _centers(points: Array, k: int, seed: int) -> Array:
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    k = min(k, len(np.unique(points, axis=0)))
    with threadpool_limits(1):  # several threads add up in a different order each time, and change the last digits
        centers: Array = KMeans(k, n_init=_STARTS, random_state=seed).fit(points).cluster_centers_
    return centers


def _nearest(points: Array, centers: Array) -> Labels:
    squares = np.column_stack([((points - center) ** 2).sum(axis=1) for center in centers])
    return np.asarray(squares.argmin(axis=1), dtype=np.intp)


def _silhouette(points: Array, k: int, seed: int) -> float:
    from sklearn.metrics import silhouette_score

    labels = _nearest(points, _centers(points, k, seed))
    return float(silhouette_score(points, labels)) if 1 < len(np.unique(labels)) < len(points) else -1.0


def _stability(points: Array, centers: Array, rng: np.random.Generator, *, draws: int, seed: int) -> float:
    from sklearn.metrics import adjusted_rand_score

    labels = _nearest(points, centers)
    again = (
        _centers(points[rng.integers(0, len(points), len(points))], len(centers), seed)
        for _ in track(range(draws), "resamples")
    )
    return float(np.mean([adjusted_rand_score(labels, _nearest(points, other)) for other in again]))
