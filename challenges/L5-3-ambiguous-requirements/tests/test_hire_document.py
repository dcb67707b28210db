"""ASSUMPTIONS.md: a row for each question, each with a choice that is offered."""

from __future__ import annotations

from pathlib import Path
from runpy import run_path
from typing import Any

_reference = run_path(str(Path(__file__).with_name("hire_model.py")))
QUESTIONS, CONTRADICTIONS = _reference["QUESTIONS"], _reference["CONTRADICTIONS"]
table, bare = _reference["table"], _reference["bare"]


def rows(files: Any) -> list[list[str]]:
    found: list[list[str]] = table(files.text("ASSUMPTIONS.md"))
    return found


def chosen(files: Any) -> dict[str, str]:
    return {bare(row[0]): bare(row[1]) for row in rows(files) if len(row) == 3}


def test_the_table_has_three_cells_in_each_row(files: Any) -> None:
    assert {len(row) for row in rows(files)} == {3}


def test_every_question_has_one_row_and_there_are_no_others(files: Any) -> None:
    found = [bare(row[0]) for row in rows(files) if row]
    assert sorted(found) == sorted(QUESTIONS)


def test_every_choice_is_one_that_is_offered(files: Any) -> None:
    for question, choice in chosen(files).items():
        if question not in CONTRADICTIONS:
            assert choice in QUESTIONS.get(question, ()), question


def test_each_contradiction_has_a_sentence_that_wins(files: Any) -> None:
    found = chosen(files)
    for question in CONTRADICTIONS:
        assert found.get(question) in QUESTIONS[question], question


def test_every_row_has_a_reason(files: Any) -> None:
    for row in rows(files):
        assert row[2:] != [""], row[0]
