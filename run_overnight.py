"""The night from start to finish: ``python run_overnight.py --help``."""

from __future__ import annotations

import sys

from pytest_overnight.orchestration.command import main

if __name__ == "__main__":
    sys.exit(main())
