"""Did pytest find the settings of the folder it was started in?

Of ``--overnight-results DIR`` with a DIR that exists, pytest takes DIR for a place of
tests, and looks for ``pytest.ini`` there instead of here: the user's own settings would
be gone from the second night on, without a word.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

PATH_OPTIONS = ("--overnight-results", "--overnight-suite")
SECTIONS = {
    "pytest.toml": "",
    ".pytest.toml": "",
    "pytest.ini": "",
    ".pytest.ini": "",
    "pyproject.toml": "[tool.pytest",
    "tox.ini": "[pytest]",
    "setup.cfg": "[tool:pytest]",
}
"""File → the text without which pytest's settings are not in it."""


def check_inifile(config: pytest.Config) -> None:
    """Raise ``UsageError``, with the cure, where settings were overlooked."""
    here = config.invocation_params.dir
    found = config.inipath
    if found is not None and found.parent in (here, *here.parents):
        return
    overlooked = [name for name in SECTIONS if _has_settings(here / name)]
    given = [str(word) for word in config.invocation_params.args]
    for option, word in pairwise(given):
        if overlooked and option in PATH_OPTIONS and (here / word).exists():
            raise pytest.UsageError(
                f"pytest took {word} for a place of tests, and so did not read "
                f"{here / overlooked[0]}. Write {option}={word}, with an equals sign."
            )


def _has_settings(file: Path) -> bool:
    try:
        return SECTIONS[file.name] in file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
