"""What the work was worth: hidden tests, and what lies between them and the answer.

Hidden tests write ``from pytest_overnight.grading import CodeError, same``. The names
are looked up late, so that importing this package costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING
from typing import Any

if TYPE_CHECKING:
    from pytest_overnight.grading.errors import CodeError
    from pytest_overnight.grading.errors import CodeGone
    from pytest_overnight.grading.errors import CodeTimeout
    from pytest_overnight.grading.errors import CodeTooBig
    from pytest_overnight.grading.errors import JudgeError
    from pytest_overnight.grading.errors import OverBudget
    from pytest_overnight.grading.errors import ProtocolError
    from pytest_overnight.grading.sameness import same

__all__ = [
    "CodeError",
    "CodeGone",
    "CodeTimeout",
    "CodeTooBig",
    "JudgeError",
    "OverBudget",
    "ProtocolError",
    "same",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = "sameness" if name == "same" else "errors"
    return getattr(importlib.import_module(f"{__name__}.{home}"), name)
