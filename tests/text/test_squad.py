"""SQuAD's exact match and F1, as the official script defines them."""

from hypothesis import given
from hypothesis import strategies as st

from harness.text.squad import best, exact_match, normalise, token_f1

TEXTS = st.text(st.sampled_from(list("ab the,.! 1\n")) | st.characters(), max_size=30)


def test_normalisation_drops_case_punctuation_and_articles():
    """The three things that SQuAD holds for noise, and nothing else."""
    assert normalise("  The Dog's  a-bone, an\tApple!") == "dogs abone apple"
    assert normalise("The a an") == ""


@given(TEXTS, TEXTS)
def test_f1_is_a_symmetric_share(left, right):
    """F1 lies in [0, 1], and does not care which side is gold."""
    assert 0.0 <= token_f1(left, right) <= 1.0
    assert token_f1(left, right) == token_f1(right, left)


@given(TEXTS, TEXTS)
def test_equal_texts_share_every_token(left, right):
    """An exact match has F1 1; every text matches itself."""
    assert exact_match(left, left) == token_f1(left, left) == 1.0
    if exact_match(left, right):
        assert token_f1(left, right) == 1.0


@given(TEXTS.filter(normalise))
def test_nothing_is_only_right_where_nothing_is_asked(text):
    """SQuAD 2.0's rule: where a text normalises to nothing, the other must too."""
    assert token_f1(text, "the") == token_f1("", text) == 0.0
    assert token_f1("a", "The!") == exact_match("...", "") == 1.0


@given(TEXTS, st.lists(TEXTS, max_size=4))
def test_the_best_answer_counts(prediction, golds):
    """More acceptable answers never cost anything; none at all means that nothing is right."""
    value, gold = best(token_f1, prediction, golds)
    assert value == max((token_f1(prediction, g) for g in golds), default=token_f1(prediction, ""))
    assert gold in (*golds, "")


def test_f1_counts_repeated_tokens_once_each():
    """The overlap is one of multisets."""
    assert token_f1("b b c", "b c c") == 2 * 2 / 6
