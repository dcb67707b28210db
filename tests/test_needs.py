"""The rule of ``conftest.py``: what must run here may not be skipped."""

from __future__ import annotations

from pathlib import Path

import pytest

RULE = Path(__file__).with_name("conftest.py").read_text(encoding="utf-8")
THINGS = """
PROBES["unicorn"] = lambda: "no unicorn in this wood"
PROBES["horse"] = lambda: ""
"""
TESTS = """
import pytest

@pytest.mark.needs("horse")
def test_ride(): pass

@pytest.mark.needs("unicorn", "horse")
def test_race(): pass

@pytest.mark.needs("horse")
def test_gallop(): pytest.skip("the horse is tired")
"""


@pytest.fixture
def stable(pytester: pytest.Pytester) -> pytest.Pytester:
    """A project under the rule, with one thing that is there and one that is not."""
    # The check of the environment's names comes when pytest_configure runs, so the
    # two things must be known before: at the end of the module.
    pytester.makeconftest(RULE + THINGS)
    pytester.makepyfile(TESTS)
    return pytester


def test_what_is_missing_is_skipped_with_the_reason(stable: pytest.Pytester) -> None:
    result = stable.runpytest_inprocess("-rs")
    result.assert_outcomes(passed=1, skipped=2)
    result.stdout.fnmatch_lines(["*needs unicorn: no unicorn in this wood*"])


def test_what_must_run_fails_instead(
    stable: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OVERNIGHT_MUST_RUN", "unicorn")
    result = stable.runpytest_inprocess()
    result.assert_outcomes(passed=1, skipped=1, errors=1)
    result.stdout.fnmatch_lines(
        ["*unicorn is in OVERNIGHT_MUST_RUN, yet: *no unicorn in this wood*"]
    )


def test_a_skip_from_inside_the_test_fails_too(
    stable: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OVERNIGHT_MUST_RUN", "horse")
    result = stable.runpytest_inprocess()
    # The race is off for want of a unicorn: that is no fault of the horse.
    result.assert_outcomes(passed=1, failed=1, skipped=1)
    result.stdout.fnmatch_lines(["*horse is in OVERNIGHT_MUST_RUN*the horse is tired"])


def test_a_misspelt_name_in_the_environment_is_refused(
    stable: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OVERNIGHT_MUST_RUN", "unicron")
    result = stable.runpytest_inprocess()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*no unicron; known: *unicorn*"])


def test_a_misspelt_need_is_refused(stable: pytest.Pytester) -> None:
    stable.makepyfile(
        """
        import pytest

        @pytest.mark.needs("hrose")
        def test_ride(): pass
        """
    )
    result = stable.runpytest_inprocess()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*test_ride needs hrose: no such probe*"])


def test_a_users_night_does_not_reach_into_tests(
    stable: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OVERNIGHT_AGENT", "noop")
    monkeypatch.setenv("OLLAMA_HOST", "http://elsewhere")
    stable.makepyfile(
        """
        import os

        def test_environment():
            assert not {"OVERNIGHT_AGENT", "OLLAMA_HOST"} & os.environ.keys()
        """
    )
    stable.runpytest_inprocess().assert_outcomes(passed=1)
