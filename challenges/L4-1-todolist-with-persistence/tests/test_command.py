"""``python todo.py``: output, errors and exit status."""

from __future__ import annotations

from pathlib import Path
from runpy import run_path
from typing import Any

_shared = run_path(str(Path(__file__).with_name("todo_model.py")))
FOLDER, PATH = _shared["FOLDER"], _shared["PATH"]
Model, some_list, state_of = (
    _shared["Model"],
    _shared["some_list"],
    _shared["state_of"],
)

LISTED = "4 [ ] four\n7 [x] seven ✓\n"


def todo(shell: Any, *arguments: str) -> tuple[int, str, bytes]:
    """Status, standard output and standard error of a command on PATH."""
    result = shell.run(["python", "todo.py", "--file", PATH, *arguments])
    return result.status, result.text, bytes(result.err)


def test_a_session_prints_what_was_done(shell: Any, rng: Any) -> None:
    first = rng.randrange(100, 1000)
    shell.write(PATH, Model(first).data)
    assert todo(shell, "list") == (0, "nothing to do\n", b"")
    assert todo(shell, "add", " Zoë ", "b  c") == (
        0,
        f"added {first}\nadded {first + 1}\n",
        b"",
    )
    assert todo(shell, "add", "[x] d") == (0, f"added {first + 2}\n", b"")
    assert todo(shell, "done", f"{first + 1}") == (0, f"done {first + 1}\n", b"")
    assert todo(shell, "remove", f"{first + 2}") == (0, f"removed {first + 2}\n", b"")
    listed = f"{first} [ ] Zoë\n{first + 1} [x] b  c\n"
    assert todo(shell, "list") == (0, listed, b"")
    assert state_of(shell.read(PATH))[0] == first + 3


def test_the_default_path_is_in_the_current_folder(shell: Any) -> None:
    shell.write(PATH, some_list().data)
    program = "python ../todo.py"
    script = f"cd {FOLDER} && {program} list && {program} add x"
    result = shell.run(script)
    assert (result.status, result.text) == (0, LISTED + "added 10\n")
    assert bytes(result.err) == b""
    assert len(state_of(shell.read(PATH))[1]) == 3


def test_an_unknown_id_is_said(shell: Any) -> None:
    before = some_list().data
    shell.write(PATH, before)
    for name in ("done", "remove"):
        assert todo(shell, name, "9") == (1, "", b"todo: no item 9\n")
    assert shell.read(PATH) == before


def one_line(err: bytes) -> bool:
    return err.startswith(b"todo: ") and err.find(b"\n") == len(err) - 1


def test_a_bad_text_is_said(shell: Any) -> None:
    before = some_list().data
    shell.write(PATH, before)
    for texts in (["good", " "], ["a\nb"]):
        status, out, err = todo(shell, "add", *texts)
        assert (status, out) == (1, "")
        assert one_line(err), err
    assert shell.read(PATH) == before


def test_a_refusal_of_the_system_is_said(shell: Any) -> None:
    shell.write(f"{PATH}/in-a-folder", "")
    for arguments in ("list", "add x"):
        status, out, err = todo(shell, *arguments.split())
        assert (status, out) == (1, ""), arguments
        assert one_line(err), err


def test_wrong_usage_is_status_two(shell: Any) -> None:
    before = some_list().data
    shell.write(PATH, before)
    for arguments in ("", "drop 4", "done four", "remove x", "add"):
        status, out, _ = todo(shell, *arguments.split())
        assert (status, out) == (2, ""), arguments
    assert shell.read(PATH) == before


def test_a_corrupt_file_is_said_and_the_command_goes_on(shell: Any) -> None:
    said = f"todo: {PATH} is corrupt, moved to {PATH}.corrupt-{{}}\n"
    shell.write(PATH, b"{")
    assert todo(shell, "list") == (0, "nothing to do\n", said.format(1).encode())
    shell.write(PATH, b"[]")
    assert todo(shell, "add", "x") == (0, "added 1\n", said.format(2).encode())
    shell.write(PATH, b"")
    expected = (said.format(3) + "todo: no item 1\n").encode()
    assert todo(shell, "done", "1") == (1, "", expected)
    assert [shell.read(f"{PATH}.corrupt-{n}") for n in (1, 2, 3)] == [b"{", b"[]", b""]
