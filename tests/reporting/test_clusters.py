"""Errors that mean the same, put together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_overnight.records.record import RunRecord
from pytest_overnight.reporting import clusters
from pytest_overnight.reporting.clusters import ALIKE
from pytest_overnight.reporting.clusters import clusters_of
from pytest_overnight.reporting.clusters import similarity
from pytest_overnight.reporting.statistics import Rate
from tests.reporting.nights import a_run

WORDS = st.lists(st.sampled_from("alpha beta gamma delta N …".split()), max_size=5)
CAUSES = st.builds(
    lambda name, words: f"{name}{' '.join(words)}",
    st.sampled_from(["", "KeyError: ", "TypeError: "]),
    WORDS,
)
FINGERPRINTS = st.one_of(
    st.builds(
        lambda tool, cause: f"{tool}: {cause}",
        st.sampled_from(["edit_file", "run_command exit 1", "fault infra"]),
        CAUSES,
    ),
    st.text(max_size=12),
)
FOUND = st.dictionaries(FINGERPRINTS, st.integers(1, 5), max_size=6)


def met(*nights: dict[str, int], outcomes: str = "") -> list[RunRecord]:
    """A run for each; ``outcomes``: a letter each, s(olved), m(issed) or v(oid)."""
    words = {"s": "passed", "m": "wrong_answer", "v": "infra"}
    letters = outcomes or "m" * len(nights)
    return [
        a_run(attempt=at, outcome=words[letter], fingerprints=found)
        for at, (found, letter) in enumerate(zip(nights, letters, strict=True), 1)
    ]


@given(st.lists(st.tuples(FOUND, st.sampled_from("smv")), max_size=6))
def test_clusters_partition_the_fingerprints(
    nights: list[tuple[dict[str, int], str]],
) -> None:
    runs = met(*(found for found, _ in nights), outcomes="".join(o for _, o in nights))
    found = clusters_of(runs)
    members = [name for cluster in found for name in cluster.members]
    assert sorted(members) == sorted({name for seen, _ in nights for name in seen})
    for cluster in found:
        mine = set(cluster.members)
        of = [run for run in runs if mine & set(run.fingerprints)]
        assert cluster.run_ids == tuple(run.run_id for run in of)
        assert cluster.count == sum(
            run.fingerprints[name]
            for run in of
            for name in mine & set(run.fingerprints)
        )
        counted = [run for run in of if run.counted]
        missed = [run.run_id for run in counted if not run.success]
        assert cluster.missed == Rate(len(missed), len(counted))
        assert cluster.example in (missed or cluster.run_ids)
        assert cluster.fingerprint == cluster.members[0]
        others = cluster.members[1:]
        assert all(similarity(cluster.fingerprint, name) >= ALIKE for name in others)
    # Names of two clusters are never alike: otherwise they would be one.
    names = [cluster.fingerprint for cluster in found]
    for at, name in enumerate(names):
        assert all(similarity(name, other) < ALIKE for other in names[:at])


@given(FINGERPRINTS, FINGERPRINTS)
def test_similarity_is_symmetric_and_at_most_one(one: str, other: str) -> None:
    assert similarity(one, other) == similarity(other, one)
    assert 0 <= similarity(one, other) <= 1


@given(st.lists(FOUND, max_size=5), st.randoms())
def test_the_order_of_the_records_changes_nothing(
    nights: list[dict[str, int]],
    random: object,
) -> None:
    runs = met(*nights)
    shuffled = list(runs)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert clusters_of(shuffled) == clusters_of(runs)


MISSING = (
    "run_command exit 1: TypeError: {}() missing N required positional argument: '…'"
)


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        (MISSING.format("total"), MISSING.format("order"), True),
        (
            'edit_file: "old_text" is not in the file.',
            'edit_file: "old_text" was not in that file.',
            True,
        ),
        (
            "run_command exit 1: NameError: name '…' is not defined",
            "run_command exit 1: ImportError: name '…' is not defined",
            False,
        ),
        (
            "run_command exit 1: KeyError: '…'",
            "run_command exit 2: KeyError: '…'",
            False,
        ),
        ("read_file: There is no file.", "edit_file: There is no file.", False),
        ("fault infra: server is gone", "fault context: server is gone", False),
    ],
)
def test_what_means_the_same_is_together(one: str, other: str, alike: bool) -> None:
    found = clusters_of(met({one: 3, other: 1}, {one: 1}))
    assert len(found) == (1 if alike else 2)


def test_the_most_frequent_gives_the_name_and_a_missed_run_the_example() -> None:
    many, few = MISSING.format("total"), MISSING.format("order")
    [cluster] = clusters_of(met({few: 9}, {many: 1}, {many: 1}, outcomes="svm"))
    assert cluster.fingerprint == many
    assert cluster.missed == Rate(1, 2)
    assert cluster.example == "L3-1-run-0003"
    assert cluster.count == 11


def test_beyond_a_limit_errors_stand_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "MOST", 1)
    found = clusters_of(met({MISSING.format("a"): 2, MISSING.format("b"): 1}))
    assert [len(cluster.members) for cluster in found] == [1, 1]


def test_a_night_without_errors_has_none() -> None:
    assert clusters_of([]) == clusters_of(met({}, {})) == ()
