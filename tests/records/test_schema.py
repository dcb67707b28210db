"""The schemas in the reference are those of the models."""

from __future__ import annotations

from pathlib import Path

from pytest_overnight.records.schema import schemas

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference"


def test_the_written_schemas_are_current() -> None:
    for name, text in schemas().items():
        assert (REFERENCE / name).read_text(encoding="utf-8") == text, (
            "run: python -m pytest_overnight.records.schema docs/reference"
        )


def test_every_field_of_the_plan_is_there() -> None:
    run = (
        "run_id test_id attempt timestamp_start timestamp_end duration rounds actions "
        "success failure_mode workspace output_log agent_ledger performance"
    )
    master = (
        "session_id start_time end_time total_duration tests_run tests_passed "
        "tests_failed overall_pass_rate results_by_level hrm_tasks_completed "
        "report_path"
    )
    import json

    for name, fields in (("run_record", run), ("master_log", master)):
        schema = json.loads(schemas()[f"{name}.schema.json"])
        assert set(fields.split()) <= set(schema["required"])
