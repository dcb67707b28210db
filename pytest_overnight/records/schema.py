"""JSON Schemas of the records, written out for whoever reads them without us.

python -m pytest_overnight.records.schema docs/reference
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from pydantic import BaseModel

from pytest_overnight.records.record import MasterLog
from pytest_overnight.records.record import RunRecord

MODELS: dict[str, type[BaseModel]] = {"run_record": RunRecord, "master_log": MasterLog}


def schemas() -> dict[str, str]:
    """File name → text."""
    return {
        f"{name}.schema.json": json.dumps(model.model_json_schema(), indent=2) + "\n"
        for name, model in MODELS.items()
    }


if __name__ == "__main__":
    for file_name, text in schemas().items():
        (Path(sys.argv[1]) / file_name).write_text(text, encoding="utf-8")
