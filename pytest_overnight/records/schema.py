"""JSON Schemas of the records, written out for whoever reads them without us.

python -m pytest_overnight.records.schema docs/reference

A record has its ``schema_version``. Fields that are only added do not raise it: they
have defaults, so that older records stay readable.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from pydantic import BaseModel

from pytest_overnight.records.hrm import HrmRecord
from pytest_overnight.records.record import SCHEMA_VERSION
from pytest_overnight.records.record import MasterLog
from pytest_overnight.records.record import RunRecord

MODELS: dict[str, type[BaseModel]] = {
    "run_record": RunRecord,
    "master_log": MasterLog,
    "hrm_record": HrmRecord,
}


def schemas() -> dict[str, str]:
    """File name → text."""
    return {
        f"{name}.schema.json": json.dumps(model.model_json_schema(), indent=2) + "\n"
        for name, model in MODELS.items()
    }


def newer_version(data: bytes) -> str:
    """That a newer program wrote a record, in words; empty: none did.

    To be asked of what does not have the form of its kind: a newer record may differ
    from it in any field.
    """
    try:
        record = json.loads(data)
    except (ValueError, RecursionError):
        return ""
    version = record.get("schema_version") if isinstance(record, dict) else None
    if not isinstance(version, int) or version <= SCHEMA_VERSION:
        return ""
    return (
        "was written by a newer version of pytest-overnight (schema_version "
        f"{str(version)[:20]}; this one reads {SCHEMA_VERSION}): upgrade, then write "
        "the report again"
    )


if __name__ == "__main__":
    for file_name, text in schemas().items():
        (Path(sys.argv[1]) / file_name).write_text(text, encoding="utf-8")
