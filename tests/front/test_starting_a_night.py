"""What each command line starts, seen from outside: collection by real pytest."""

from __future__ import annotations

import re

import pytest

from tests.support.suites import write_suite

ALL = ["L3-1-run-0001", "L3-2-run-0001", "L6-3-run-0001"]


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """A folder with three challenges, one ordinary test and one of hrm."""
    write_suite(pytester.path / "suite", ["L3-1", "L3-2", "L6-3"])
    pytester.makeini("[pytest]\novernight_suite = suite\nstrict = true\n")
    pytester.makepyfile(
        **{
            "challenges/test_challenges": """
                from pytest_overnight.suite import test_challenge
            """,
            "tests/test_ordinary": """
                import pytest

                def test_slow_thing(): pass

                @pytest.mark.hrm
                def test_hrm_thing(): pass
            """,
        }
    )
    return pytester


def started(project: pytest.Pytester, *arguments: str) -> list[str]:
    """The runs that a command line would start."""
    result = project.runpytest_inprocess(
        "-p", "pytest_overnight.plugin", "--count=1", "--collect-only", "-q", *arguments
    )
    return re.findall(r"test_challenge\[(.+)\]", result.stdout.str())


NODE = "challenges/test_challenges.py::test_challenge"


@pytest.mark.parametrize(
    ("arguments", "runs"),
    [
        ([], []),
        (["-k", "not slow"], []),
        (["-k", "challenge"], []),
        (["-k", "not L3"], []),
        (["-m", "not hrm"], []),
        (["-m", "hrm"], []),
        (["--lf"], []),
        (["challenges"], []),
        (["challenges/test_challenges.py"], []),
        (["-m", "overnight"], ALL),
        (["-m", "L6"], ALL[2:]),
        (["-m", "overnight and not L3"], ALL[2:]),
        (["-k", "L3"], ALL[:2]),
        (["-k", "l3-2"], ALL[1:2]),
        (["-k", "L3 and not L3-2"], ALL[:1]),
        (["--challenge", "L3-2", "-m", "overnight"], ALL[1:2]),
        ([f"{NODE}[L6-3-run-0001]"], ALL[2:]),
        ([NODE], ALL),
    ],
)
def test_what_a_command_line_starts(
    project: pytest.Pytester, arguments: list[str], runs: list[str]
) -> None:
    assert started(project, *arguments) == runs


def test_a_challenge_option_alone_starts_only_that_challenge(
    project: pytest.Pytester,
) -> None:
    assert started(project, "--challenge", "L3-2") == ["L3-2-run-0001"]
    result = project.runpytest_inprocess(
        "-p", "pytest_overnight.plugin", "--collect-only", "--challenge", "L3-2"
    )
    result.stdout.no_fnmatch_line("*test_slow_thing*")


def test_runs_go_repetition_by_repetition(project: pytest.Pytester) -> None:
    runs = started(project, "-m", "overnight", "--count=2")
    assert runs == [*ALL, *(run.replace("0001", "0002") for run in ALL)]


def test_without_a_count_each_challenge_has_its_own(project: pytest.Pytester) -> None:
    result = project.runpytest_inprocess(
        "-p", "pytest_overnight.plugin", "--collect-only", "-q", "-m", "overnight"
    )
    assert len(re.findall(r"test_challenge\[", result.stdout.str())) == 6


@pytest.mark.parametrize("first", ["repeat", "overnight"])
def test_count_lives_with_pytest_repeat(project: pytest.Pytester, first: str) -> None:
    # What is named with -p is loaded first; installed plugins come after it.
    plugins = ["-p", "repeat" if first == "repeat" else "pytest_overnight.plugin"]
    arguments = ["--count=2", "--collect-only", "-q", "-k", "L3-2"]
    result = project.runpytest_subprocess(*plugins, *arguments)
    runs = re.findall(r"test_challenge\[(.+)\]", result.stdout.str())
    assert runs == ["L3-2-run-0001", "L3-2-run-0002"]


def test_a_dry_run_prints_the_plan_and_starts_nothing(
    project: pytest.Pytester,
) -> None:
    result = project.runpytest_inprocess(
        "-p", "pytest_overnight.plugin", "-m", "overnight", "--overnight-dry-run"
    )
    result.stdout.fnmatch_lines(["L3-1 *2 *60 s *Answer L3-1", "6 runs, 1 at a time*"])
    assert result.ret == pytest.ExitCode.OK
    assert not (project.path / "overnight_results").exists()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--agent", "nonsense"], "*--agent 'nonsense' is no agent. Known: ollama*"),
        (
            ["--challenge", "L9-9"],
            "*--challenge 'L9-9': no such challenge*Known: L3-1*",
        ),
        (["--overnight-sandbox", "moat"], "*'moat' is not one of auto, bubblewrap*"),
        (["--count", "0"], "*0 is below 1*"),
        (["--overnight-num-ctx", "much"], "*'much' is no whole number*"),
        (["--overnight-loop-guard", "on"], "*'on' is not one of stop, shadow, off*"),
        (["--overnight-calls-per-minute", "0"], "*0 is not 0.1 to 6000*"),
        (["--overnight-fault-rate", "2"], "*2 is not 0 to 1*"),
        (["--overnight-fault-rate", "0.1"], "*in rehearsals only; the agent is*"),
        (["--overnight-suite", "nowhere"], "*nowhere: no such folder*"),
    ],
    ids=[
        *("agent", "challenge", "sandbox", "count", "number", "guard", "rate"),
        *("share", "faults", "suite"),
    ],
)
def test_bad_input_is_a_usage_error_without_a_traceback(
    project: pytest.Pytester, arguments: list[str], complaint: str
) -> None:
    result = project.runpytest_inprocess(
        "-p", "pytest_overnight.plugin", "-m", "overnight", *arguments
    )
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([complaint])
    assert "Traceback" not in result.stdout.str() + result.stderr.str()


@pytest.mark.parametrize("option", ["--overnight-results", "--overnight-suite"])
def test_settings_that_pytest_overlooks_are_a_usage_error(
    project: pytest.Pytester, tmp_path_factory: pytest.TempPathFactory, option: str
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    common = ["-p", "pytest_overnight.plugin", "-m", "overnight", "--collect-only"]
    result = project.runpytest_inprocess(*common, option, str(elsewhere))
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*tox.ini. Write {option}={elsewhere}, with an *"])


def test_settings_are_found_where_nothing_hides_them(
    project: pytest.Pytester, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    project.mkdir("results")
    for words in (
        [f"--overnight-results={elsewhere}"],
        ["--overnight-results", str(elsewhere / "new")],
        ["--overnight-results", "results"],
    ):
        assert started(project, "-m", "overnight", *words) == ALL
