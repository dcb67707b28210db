"""``python -m pytest_overnight …``: the same as ``pytest-overnight …``."""

from pytest_overnight.cli import main

raise SystemExit(main())
