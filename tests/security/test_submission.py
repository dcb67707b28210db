"""The submission that a verification works on cannot be changed from inside."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest

from pytest_overnight.sandbox.box import Box
from pytest_overnight.sandbox.box import BoxPlan
from pytest_overnight.sandbox.open import open_box
from pytest_overnight.sandbox.runtime import prepare_runtime
from tests.security.attacks.attack import EPILOGUE
from tests.security.attacks.attack import PRELUDE
from tests.security.world import state_of
from tests.security.world import told
from tests.support.levels import LEVELS
from tests.support.levels import must_promise

CHANGES = """
path = facts["folder"]
def written(name, flags):
    os.close(os.open(path + name, os.O_WRONLY | flags))

attempt("chmod", lambda: os.chmod(path + "/answer.py", 0o666))
attempt("chmod of the folder", lambda: os.chmod(path, 0o777))
attempt("open", lambda: written("/answer.py", 0))
attempt("truncate", lambda: os.truncate(path + "/answer.py", 0))
attempt("a new file", lambda: written("/new.py", os.O_CREAT))
attempt("a new name", lambda: os.rename(path + "/answer.py", path + "/x"))
attempt("another file", lambda: os.replace(path + "/x", path + "/package/x"))
attempt("unlink", lambda: os.unlink(path + "/package/tool.sh"))
attempt("utime", lambda: os.utime(path + "/package", (1, 1)))
"""


@pytest.mark.parametrize("level", LEVELS)
def test_a_submission_stays_as_it_is(level: str, tmp_path: Path) -> None:
    must_promise(level, "write", "modes")
    submission = tmp_path / "submission"
    (submission / "package").mkdir(parents=True)
    (submission / "answer.py").write_text("answer = 42\n")
    (submission / "package" / "tool.sh").write_text("echo tool\n")
    before = state_of(submission)
    box = open_box(BoxPlan(level, submission=submission), prepare_runtime())
    try:
        # The box may work from a copy that was made for its user.
        copies = Path(tempfile.gettempdir()).glob("overnight-box-*/submission")
        for folder in ("/submission", submission, *copies):
            assert changed(box, str(folder))["reached"] == []
        assert changed(box, box.workspace)["refused"] == {}  # its own copy is free
        box.reset()
        assert box.call("read", path="answer.py") == b"answer = 42\n"
        assert box.call("read", path="package/tool.sh") == b"echo tool\n"
        assert len(box.call("list", path=".", pattern="*")) == 2
    finally:
        box.close()
    assert state_of(submission) == before


def changed(box: Box, folder: str) -> dict[str, object]:
    """What can be changed of a folder from inside."""
    facts = {"marker": "", "folder": folder}
    words = ["python", "-c", PRELUDE + CHANGES + EPILOGUE, told(facts)]
    result = box.run(words, timeout=30)
    assert result.status == 0, result.err
    answer: dict[str, object] = json.loads(result.out)
    return answer
