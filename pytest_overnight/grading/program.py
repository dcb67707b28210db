"""The child's program: the codec and the files of ``inside/`` as one source text."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).resolve().parent
_PARTS = (
    "frames.py",
    "forms.py",
    "codec.py",
    "inside/modules.py",
    "inside/loops.py",
    "inside/objects.py",
    "inside/looking.py",
    "inside/trusted.py",
    "inside/tracing.py",
    "inside/output.py",
    "inside/channel.py",
    "inside/child.py",
)
_FIRST = """from __future__ import annotations
# Functions made below look builtins up here: agent code that replaces isinstance or
# len in the real module does not reach them.
__builtins__ = dict(vars(__import__("builtins")))
"""
_LAST = """
import gc
# Runs once, in the process that forks the children: a collection in a child would
# else touch, and so copy, every page (110 of 700 faults a child, 0.8 ms).
gc.collect()
gc.freeze()
"""
_LEFT_OUT = (
    "from __future__ import",
    "from typing import",
    "from collections.abc import",
    "from pytest_overnight.",
)


def child_program() -> str:
    """Source with ``main(sock, arguments)``; imports C modules only."""
    lines = [_FIRST]
    for part in _PARTS:
        for line in (_HERE / part).read_text(encoding="utf-8").splitlines():
            if not line.lstrip().startswith(_LEFT_OUT):
                lines.append(line)
    return "\n".join([*lines, _LAST])
