"""``python -m meterbill``."""

import sys

from meterbill.cli import main

__all__: list[str] = []

if __name__ == "__main__":
    sys.exit(main())
