"""What every store must do, whatever lies behind it: one suite, a subclass a store.

A subclass gives `options()` (a fresh, empty collection a test) and, where a server stands behind it, `unreachable()`.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from harness.errors import CallError, UserError
from harness.text.chunks import chunk_id
from harness.types.plugins import Store, StoreOptions
from harness.types.search import Query
from harness.types.trial import Passage

DIMENSIONS = 8


@dataclass(frozen=True)
class Kit:
    """Fulfils types.plugins.StoreKit."""

    name: str
    home: Path
    timeout_s: float = 10.0
    searches: int = 4

    def secret(self, variable):
        """No variable is set."""
        return


def chunks(count=6):
    """Make chunks whose words, offsets and meta differ, of two languages and three documents."""
    return [
        Passage(
            doc=f"doc-{n // 2}",
            chunk=n % 2,
            start=10 * n,
            end=10 * n + 6,
            text=f"chunk {n} ö’\n",
            score=0.0,
            rank=0,
            title=f"Title {n // 2}",
            meta={"lang": ("en", "de")[n % 2], "year": 2020 + n, "live": n == 0, "tags": ["a", f"t{n}"]},
        )
        for n in range(count)
    ]


def vectors(count=6, *, seed=1):
    """Vectors of length 1, (count, DIMENSIONS) float32."""
    drawn = np.random.default_rng(seed).normal(size=(count, DIMENSIONS)).astype(np.float32)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


class StoreConformance:
    """The suite."""

    keeps = True
    """False where nothing outlives the store (memory)."""

    @pytest.fixture
    def kit(self, tmp_path):
        """What a store is given; the same name again is the same collection."""
        return Kit(name=f"harness-{abs(hash(str(tmp_path))):024x}"[:32], home=tmp_path / "indexes")

    @pytest.fixture
    def options(self):
        """The store's options: a subclass gives them."""
        raise NotImplementedError

    @pytest.fixture
    def store(self, options, kit):
        """An empty store, closed afterwards."""
        opened = options.open(kit)
        yield opened
        opened.close()

    def test_it_has_the_shape(self, options, store):
        """Options and store meet their Protocols."""
        assert isinstance(options, StoreOptions)
        assert isinstance(store, Store)
        assert options.owned
        assert set(store.ids()) == set()
        assert store.search(Query(text="", vector=vectors()[0].tolist()), 3) == ()

    def test_what_was_added_is_found_whole(self, store):
        """The nearest comes first with its cosine, and with all that the chunk says; ranks count from 1."""
        made, rows = chunks(), vectors()
        store.add(made, rows)
        assert set(store.ids()) == {chunk_id(chunk) for chunk in made}
        for n, row in enumerate(rows):
            found = store.search(Query(text="", vector=row.tolist()), 3)
            assert [passage.rank for passage in found] == [1, 2, 3]
            nearest = np.argsort(-(rows @ row), kind="stable")[:3]
            assert [chunk_id(passage) for passage in found] == [chunk_id(made[at]) for at in nearest]
            assert found[0].score == pytest.approx(1.0, abs=1e-3)
            assert [p.score for p in found] == pytest.approx(list((rows @ row)[nearest]), abs=1e-3)
            assert (found[0].doc, found[0].chunk, found[0].start, found[0].end, found[0].title) == (
                made[n].doc, made[n].chunk, made[n].start, made[n].end, made[n].title,
            )  # fmt: skip
            assert (found[0].text, dict(found[0].meta)) == (made[n].text, dict(made[n].meta))

    def test_more_may_be_asked_than_there_is(self, store):
        """All of them come, and none for none."""
        store.add(chunks(), vectors())
        query = Query(text="", vector=vectors()[0].tolist())
        assert len(store.search(query, 50)) == 6
        assert store.search(query, 0) == ()

    @pytest.mark.parametrize(
        ("where", "left"),
        [
            ({"lang": ("de",)}, {1, 3, 5}),
            ({"lang": ("de", "en"), "year": (2021, 2022)}, {1, 2}),
            ({"live": (True,)}, {0}),
            ({"tags": ("t3",)}, {3}),
            ({"lang": ("fr",)}, set()),
            ({"missing": ("x",)}, set()),
        ],
    )
    def test_a_condition_narrows_the_search(self, store, where, left):
        """Only chunks whose meta has one of the values under every key."""
        made = chunks()
        store.add(made, vectors())
        found = store.search(Query(text="", vector=vectors()[0].tolist(), where=where), 10)
        assert {chunk_id(passage) for passage in found} == {chunk_id(made[n]) for n in left}
        assert [passage.rank for passage in found] == list(range(1, len(left) + 1))

    def test_what_was_deleted_is_gone(self, store):
        """Neither found nor listed; an id that is not there is passed over."""
        made = chunks()
        store.add(made, vectors())
        store.delete({chunk_id(made[0]), chunk_id(made[1]), "00000000-0000-0000-0000-000000000000"})
        assert set(store.ids()) == {chunk_id(chunk) for chunk in made[2:]}
        found = store.search(Query(text="", vector=vectors()[0].tolist()), 10)
        assert {chunk_id(passage) for passage in found} == {chunk_id(chunk) for chunk in made[2:]}

    def test_adding_again_writes_over(self, store):
        """The same chunk stands there once, with its newest vector."""
        made, rows = chunks(), vectors()
        store.add(made, rows)
        store.add(made[:1], rows[5:6])
        assert len(store.ids()) == 6
        found = store.search(Query(text="", vector=rows[5].tolist()), 2)
        assert {chunk_id(passage) for passage in found} == {chunk_id(made[0]), chunk_id(made[5])}

    def test_it_can_be_added_to(self, store):
        """In several turns, before and after a delete."""
        made, rows = chunks(), vectors()
        store.add(made[:2], rows[:2])
        store.add(made[2:4], rows[2:4])
        store.delete({chunk_id(made[0])})
        store.add(made[4:], rows[4:])
        assert set(store.ids()) == {chunk_id(chunk) for chunk in made[1:]}

    def test_opened_again_it_holds_the_same(self, options, kit):
        """A second run finds what the first one stored."""
        first = options.open(kit)
        first.add(chunks(), vectors())
        first.close()
        again = options.open(kit)
        try:
            assert len(again.ids()) == (6 if self.keeps else 0)
            found = again.search(Query(text="", vector=vectors()[2].tolist()), 1)
            assert [chunk_id(p) for p in found] == ([chunk_id(chunks()[2])] if self.keeps else [])
        finally:
            again.close()

    def test_two_names_are_two_collections(self, options, kit):
        """One index never reaches into another."""
        other = Kit(name=kit.name[:-1] + "z", home=kit.home)
        one, two = options.open(kit), options.open(other)
        try:
            one.add(chunks(), vectors())
            assert set(two.ids()) == set()
        finally:
            one.close()
            two.close()

    def test_vectors_of_another_length_are_refused(self, store):
        """Added: a user's error that names both lengths. Searched with: a failed call that is not repeated."""
        store.add(chunks(), vectors())
        with pytest.raises(UserError, match=rf"{DIMENSIONS}.*5|5.*{DIMENSIONS}"):
            store.add(chunks(), np.ones((6, 5), np.float32))
        with pytest.raises(CallError, match=rf"{DIMENSIONS}.*5|5.*{DIMENSIONS}") as caught:
            store.search(Query(text="", vector=[1.0] * 5), 3)
        assert not caught.value.retryable
        assert len(store.ids()) == 6
