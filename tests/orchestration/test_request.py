"""The command line: what is ours, what is passed on, what is wrong."""

from __future__ import annotations

from datetime import time

import pytest

from pytest_overnight.orchestration.phases import PHASES
from pytest_overnight.orchestration.request import Request
from pytest_overnight.orchestration.request import parse


def asked(*arguments: str) -> Request:
    return parse(arguments, "run_overnight.py")


def test_nothing_asked_for_is_the_whole_night() -> None:
    assert asked() == Request()
    assert asked().phases == PHASES


def test_own_options() -> None:
    found = asked(
        *("--until", "07:30", "--phases", "L6,report", "--resume", "-n", "4"),
        *("-m", "not L3", "-k", "L6-1", "--notify", "ntfy publish 'my nights'"),
    )
    assert found.until == time(7, 30)
    assert [phase.name for phase in found.phases] == ["L6", "report"]
    assert (found.resume, found.fresh) == (True, False)
    assert (found.workers, found.markers, found.keyword) == ("4", "not L3", "L6-1")
    assert found.notify == ("ntfy", "publish", "my nights")
    assert found.rest == ()


@pytest.mark.parametrize(
    ("text", "seconds"), [("8h", 28800), ("90m", 5400), ("60", 60)]
)
def test_a_budget(text: str, seconds: float) -> None:
    assert asked("--budget", text).budget == seconds


def test_all_others_are_passed_on_in_their_order() -> None:
    others = (
        *("--agent", "rehearsal", "--count=3", "-x", "-p", "no:randomly"),
        *("--challenge", "L3-1", "--overnight-seed=7", "tests/some_path"),
    )
    assert asked("--budget", "8h", *others, "-n2").rest == others


def test_a_folder_is_not_left_for_pytest_to_take_for_one_of_tests() -> None:
    found = asked("--overnight-results", "here", "--overnight-suite=there", "-x")
    assert found.rest == ("--overnight-results=here", "--overnight-suite=there", "-x")
    assert asked("--overnight-results").rest == ("--overnight-results",)


def test_the_plugins_names_do_as_well() -> None:
    assert asked("--overnight-resume").resume
    assert asked("--overnight-fresh").fresh


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--until", "half past"], "'half past' is no time of day such as 07:30"),
        (["--budget", "long"], "'long' is no time such as 8h, 90m or 45s"),
        (["--budget", "0"], "'0' is no time"),
        (["--until", "07:30", "--budget", "8h"], "not allowed with"),
        (["--phases", "L4"], "add -m L4 or --challenge L4-1"),
        (["--resume", "--fresh"], "not allowed with"),
        (["--notify", ""], "no command is named"),
        (["--notify", "say 'it"], "No closing quotation"),
    ],
)
def test_what_is_wrong_is_said_and_ends_with_status_4(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        asked(*arguments)
    assert ended.value.code == 4
    assert said in capsys.readouterr().err


def test_an_abbreviation_is_none_of_ours() -> None:
    assert asked("--budg", "8h").rest == ("--budg", "8h")


def test_help_begins_with_our_own_options_and_fits_eighty_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as ended:
        asked("--help")
    assert not ended.value.code
    page = capsys.readouterr().out
    assert max(map(len, page.splitlines())) <= 80
    parts = ("--until 07:30", "exit status:", "`pytest --help` lists them")
    assert all(part in page for part in parts)
    assert page.index("own options:") < page.index("passed on to pytest")
