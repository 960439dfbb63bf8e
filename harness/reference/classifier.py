"""A multinomial logistic regression on hashed n-grams, fitted on texts and their labels; and nearest texts."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from harness.reference.features import hashed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_FEATURES = 40_000
FEW_TEXTS = 200
"""From so many on, a feature of one text alone is left out."""
PENALTY = 2e-4
"""Of the squared weights, beside the mean cross-entropy."""
WORK = 3.5e9
"""Multiplications that one fit may spend; a large fit gets fewer rounds, never fewer than 12."""


class Space:
    """The features of some texts: hashed n-grams, weighted by rarity, each text a unit vector."""

    def __init__(self, texts: Sequence[str]) -> None:
        """Learn which features there are, and how rare each is."""
        import numpy as np
        from scipy import sparse

        counted = [hashed(text) for text in texts]
        seen: Counter[int] = Counter()
        for features in counted:
            seen.update(features.keys())
        often = [f for f in seen if seen[f] > 1 or len(texts) < FEW_TEXTS]
        kept = sorted(often, key=lambda feature: (-seen[feature], feature))[:MAX_FEATURES]
        self._column = {feature: column for column, feature in enumerate(kept)}
        total = len(texts)
        self._worth = np.array([1.0 + math.log((1 + total) / (1 + seen[f])) for f in kept])
        rows = [self._vector(features) for features in counted]
        ends = np.cumsum([0, *(len(columns) for columns, _ in rows)])
        self.rows: Any = sparse.csr_matrix(
            (
                np.concatenate([values for _, values in rows]),
                np.concatenate([columns for columns, _ in rows]),
                ends,
            ),
            shape=(total, len(kept)),
        )
        """One row a text."""

    def vector(self, text: str) -> "tuple[NDArray[np.int64], NDArray[np.float64]]":
        """Columns and values of one text; what was never seen has no column."""
        return self._vector(hashed(text))

    def _vector(self, features: Counter[int]) -> "tuple[NDArray[np.int64], NDArray[np.float64]]":
        import numpy as np

        known = sorted(
            (self._column[feature], times) for feature, times in features.items() if feature in self._column
        )
        columns = np.array([column for column, _ in known], dtype=np.int64)
        values = (1.0 + np.log(np.array([times for _, times in known], dtype=np.float64))) * self._worth[
            columns
        ]
        length = float(np.sqrt(values @ values)) or 1.0
        return columns, values / length

    def nearest(self, columns: "NDArray[np.int64]", values: "NDArray[np.float64]") -> int:
        """The row most like a text; the first where none is."""
        import numpy as np

        asked = np.zeros(self.rows.shape[1])
        asked[columns] = values
        return int(np.argmax(self.rows @ asked))


class Labels:
    """The labels of one field, as learnt from the rows of a space."""

    def __init__(self, space: Space, labels: Sequence[str]) -> None:
        """Fit; deterministic, since it starts at zero and walks all rows in every round."""
        import numpy as np

        self.names = tuple(sorted(set(labels)))
        place = {name: column for column, name in enumerate(self.names)}
        self._weights, self._bias = _fitted(
            space.rows, np.array([place[name] for name in labels]), len(self.names)
        )

    def choose(self, columns: "NDArray[np.int64]", values: "NDArray[np.float64]") -> str:
        """The likeliest label; there is always one."""
        import numpy as np

        return self.names[int(np.argmax(values @ self._weights[columns] + self._bias))]


def _fitted(rows: Any, wanted: "NDArray[np.int64]", classes: int) -> "tuple[NDArray[Any], NDArray[Any]]":
    import numpy as np
    from scipy.optimize import minimize
    from scipy.special import log_softmax

    count, width = rows.shape
    flipped = rows.T.tocsr()
    each = np.arange(count)

    def loss(flat: "NDArray[np.float64]") -> "tuple[float, NDArray[np.float64]]":
        weights, bias = flat[: width * classes].reshape(width, classes), flat[width * classes :]
        logs = log_softmax(rows @ weights + bias, axis=1)
        value = -logs[each, wanted].mean() + 0.5 * PENALTY * float(flat @ flat)
        slope = np.exp(logs)
        slope[each, wanted] -= 1.0
        slope /= count
        return value, np.concatenate([(flipped @ slope).ravel(), slope.sum(axis=0)]) + PENALTY * flat

    rounds = int(min(80, max(12, WORK / (2 * rows.nnz * classes))))
    found = minimize(
        loss,
        np.zeros((width + 1) * classes),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": rounds, "maxcor": 6},
    )
    return found.x[: width * classes].reshape(width, classes), found.x[width * classes :]
