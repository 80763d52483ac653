"""What is known of products as columns of numbers: a constant, numbers as they are, text as one column per value."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnlab.elasticity.coefficients import independent_terms
from churnlab.elasticity.groups import Group, is_nested
from churnlab.errors import DataError

__all__ = ["Attributes", "attribute_matrix", "attributes_of_groups"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Attributes:
    """Names (q,) and values (J, q) of what is known of J products, the constant first."""

    terms: tuple[str, ...]
    values: Array


def attribute_matrix(frame: pd.DataFrame) -> Attributes:
    """Return the columns of a frame (J rows) as numbers, beside a constant.

    Raises
    ------
    DataError
        If a cell is empty, a column is the same in all rows or repeats others, or there are too few rows.

    Examples
    --------
    >>> attribute_matrix(pd.DataFrame({"brand": ["own", "known", "own", "known"]})).terms
    ('constant', 'brand: own')
    """
    terms, columns = ["constant"], [np.ones(len(frame))]
    for name in frame.columns:
        values = frame[name]
        if values.isna().any():
            raise DataError(
                f"`{name}` is empty for {int(values.isna().sum()):,} of {len(frame):,} products. Try: fill it."
            )
        if pd.api.types.is_numeric_dtype(values.dtype):
            terms.append(str(name))
            columns.append(values.to_numpy(dtype=np.float64))
            continue
        for level in sorted(values.unique())[1:]:
            terms.append(f"{name}: {level}")
            columns.append((values == level).to_numpy(dtype=np.float64))
    matrix = np.column_stack(columns)
    if len(frame) < matrix.shape[1] + 2:
        raise DataError(f"There are {len(frame)} products for {matrix.shape[1]} terms. Try: fewer attributes.")
    centred = matrix[:, 1:] - matrix[:, 1:].mean(axis=0)
    independent_terms(terms[1:], (matrix[:, 1:] ** 2).sum(axis=0), centred.T @ centred, effects=())
    return Attributes(terms=tuple(terms), values=matrix)


def attributes_of_groups(by: Group, columns: tuple[Group, ...]) -> pd.DataFrame:
    """Return the value that each column has in each level of `by`.

    Raises
    ------
    DataError
        If a column has several values in a level.
    """
    some_row = np.zeros(by.size, dtype=np.intp)
    some_row[by.codes] = np.arange(len(by.codes))
    for column in columns:
        if not is_nested(by, column):
            raise DataError(
                f"`{column.name}` has several values within one `{by.name}`. Try: name it among `controls`, or take its mean."
            )
    values = {name: np.asarray(found)[column.codes[some_row]] for column in columns for name, found in column.parts}
    return pd.DataFrame(values, index=range(by.size))
