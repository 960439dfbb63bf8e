"""Several tests at once: as statsmodels adjusts them, and in the order in which they came."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.stats.multiple import benjamini_hochberg, holm

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=20)


@pytest.mark.parametrize(("adjust", "method"), [(holm, "holm"), (benjamini_hochberg, "fdr_bh")])
def test_adjusted_as_statsmodels_does(adjust, method):
    """Five p-values with a tie, not in order."""
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    p = [0.04, 0.001, 0.2, 0.012, 0.012, 0.9]
    assert adjust(p) == pytest.approx(list(multitest.multipletests(p, method=method)[1]), abs=1e-12)


def test_holm_by_hand():
    """Three of them: times 3, 2, 1, and none under the one before."""
    assert holm([0.03, 0.01, 0.04]) == pytest.approx([0.06, 0.03, 0.06])


@given(P_VALUES)
def test_nothing_gets_more_significant(p):
    """Holm never lowers a p, nor lets one exceed 1; Benjamini-Hochberg asks for no more than Holm."""
    adjusted, screened = holm(p), benjamini_hochberg(p)
    assert all(before <= after <= 1 for before, after in zip(p, adjusted, strict=True))
    assert all(low <= high + 1e-12 for low, high in zip(screened, adjusted, strict=True))


@given(P_VALUES, st.randoms())
def test_the_order_does_not_matter(p, random):
    """Shuffled p-values are adjusted as before, and a smaller one stays the smaller one."""
    order = list(range(len(p)))
    random.shuffle(order)
    assert holm([p[at] for at in order]) == pytest.approx([holm(p)[at] for at in order])
    ranked = [after for _, after in sorted(zip(p, holm(p), strict=True))]
    assert ranked == sorted(ranked)


@pytest.mark.parametrize("adjust", [holm, benjamini_hochberg])
def test_one_test_is_no_family(adjust):
    """A single p stays as it is; none is none."""
    assert adjust([0.03]) == pytest.approx([0.03])
    assert adjust([]) == []
