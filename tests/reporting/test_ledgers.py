"""What is read off ledgers: real files, also damaged and hostile ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_overnight.records.ledger import Ledger
from pytest_overnight.records.record import RunRecord
from pytest_overnight.records.record import Try
from pytest_overnight.records.store import RunStore
from pytest_overnight.reporting.ledgers import LONGEST_TARGET
from pytest_overnight.reporting.ledgers import UNNAMED
from pytest_overnight.reporting.ledgers import LedgerFacts
from pytest_overnight.reporting.ledgers import Step
from pytest_overnight.reporting.ledgers import read_ledgers
from pytest_overnight.reporting.ledgers import target_of
from pytest_overnight.reporting.ledgers import tool_rates
from pytest_overnight.reporting.statistics import Rate
from tests.reporting.nights import a_run

RUN = "L3-1-run-0001"


def laid(
    results: Path, *events: dict[str, Any], run: str = RUN, number: int = 1
) -> Path:
    """A ledger with these events, where the night has it."""
    store = RunStore(results)
    store.logs.mkdir(parents=True, exist_ok=True)
    path = store.events_log(run, number)
    ledger = Ledger(path, store.ledger_log(run, number))
    for event in events:
        ledger.write(**event)
    ledger.close()
    return path


def a_round(number: int = 1, **changes: Any) -> dict[str, Any]:
    plain = {"number": number, "prompt_tokens": 900, "output_tokens": 40}
    return {"event": "round", **plain, "seconds": 2.5, "content": "", **changes}


def an_action(tool: str = "read_file", **changes: Any) -> dict[str, Any]:
    plain = {"round": 1, "number": 1, "arguments": {"path": "a.py"}, "ok": True}
    return {
        "event": "action",
        "tool": tool,
        **plain,
        "tags": [],
        "seconds": 0.5,
        "observation": "1  x = 1",
        **changes,
    }


def facts_of(results: Path, run: RunRecord | None = None) -> LedgerFacts:
    [facts] = read_ledgers(results, [run or a_run()]).values()
    return facts


def test_steps_tokens_and_times_are_in_order(tmp_path: Path) -> None:
    laid(
        tmp_path,
        {"event": "started", "run_id": RUN},
        a_round(1),
        an_action("list_files", arguments={}),
        a_round(2, prompt_tokens=1200, output_tokens=7, seconds=1.0),
        an_action(
            "edit_file", round=2, ok=False, observation="a.py: old_text is gone."
        ),
        {"event": "stopped", "stop": "finished"},
    )
    assert facts_of(tmp_path) == LedgerFacts(
        run_id=RUN,
        steps=(
            Step(1, "list_files", "", True, "", 0.5),
            Step(2, "edit_file", "a.py", False, "edit_file: old_text is gone.", 0.5),
        ),
        prompt_tokens=(900, 1200),
        output_tokens=(40, 7),
        llm_seconds=(2.5, 1.0),
    )


def test_a_command_that_failed_is_a_call_that_went_well_with_an_error(
    tmp_path: Path,
) -> None:
    said = "exit status 1 after 0.2 s\nE   AssertionError: assert 1 == 2\n"
    command = {"command": "python -m pytest -q"}
    laid(tmp_path, an_action("run_command", arguments=command, observation=said))
    [step] = facts_of(tmp_path).steps
    assert (step.ok, step.target) == (True, "pytest")
    assert step.error.startswith("run_command exit 1: AssertionError")


def test_a_call_that_was_not_carried_out_is_no_step(tmp_path: Path) -> None:
    laid(tmp_path, a_round(), an_action(ok=False, tags=["not_run"]), an_action())
    assert len(facts_of(tmp_path).steps) == 1


def test_the_try_that_the_record_tells_of_is_read(tmp_path: Path) -> None:
    laid(tmp_path, an_action("read_file"))
    laid(tmp_path, an_action("write_file"), number=2)
    tries = [
        Try(number=number, stop="finished", started="", duration=1.0)
        for number in (1, 2)
    ]
    second = facts_of(tmp_path, a_run(tries=tries))
    assert [step.tool for step in second.steps] == ["write_file"]


def test_missing_and_empty_ledgers_are_absent(tmp_path: Path) -> None:
    laid(tmp_path, {"event": "started", "run_id": RUN})
    laid(tmp_path, an_action(), run="L3-1-run-0003")
    (tmp_path / "logs" / "L3-1-run-0004-events.jsonl").mkdir()
    runs = [a_run(attempt=attempt) for attempt in (1, 2, 3, 4)]
    assert list(read_ledgers(tmp_path, runs)) == ["L3-1-run-0003"]
    assert read_ledgers(tmp_path / "nowhere", runs) == {}


def test_damaged_lines_are_left_out(tmp_path: Path) -> None:
    path = laid(tmp_path, a_round(), an_action())
    whole = path.read_bytes()
    path.write_bytes(b'\xff\xfe{"event": "act\n[1]\n"action"\n' + whole + whole[:-30])
    assert len(facts_of(tmp_path).steps) == 1


@pytest.mark.parametrize("line", ["[" * 200_000, '{"event": ' + "9" * 9999 + "}"])
def test_lines_that_break_the_parser_do_no_harm(tmp_path: Path, line: str) -> None:
    path = laid(tmp_path, an_action())
    path.write_text(line + "\n" + path.read_text())
    assert set(read_ledgers(tmp_path, [a_run()])) <= {RUN}


@pytest.mark.parametrize("figure", [-5, 1e300, float("nan"), "12", None, [1]])
def test_figures_that_cannot_be_meant_are_none(tmp_path: Path, figure: Any) -> None:
    laid(tmp_path, an_action(round=figure, seconds=figure))
    with RunStore(tmp_path).events_log(RUN).open("a") as file:
        file.write(json.dumps(a_round(prompt_tokens=figure, seconds=figure)) + "\n")
    facts = facts_of(tmp_path)
    assert (facts.prompt_tokens, facts.llm_seconds) == ((0,), (0.0,))
    assert (facts.steps[0].round, facts.steps[0].seconds) == (0, 0.0)


ANY = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["path", "command", "status", "x"]), inner)
    ),
    max_leaves=6,
)
FIELDS = ["round", "number", "tool", "arguments", "ok", "tags", "seconds"]
FIELDS += ["observation", "prompt_tokens", "output_tokens"]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["round", "action"]) | ANY,
            st.dictionaries(st.sampled_from(FIELDS), ANY),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_whatever_stands_in_a_ledger_gives_plain_facts(
    tmp_path_factory: pytest.TempPathFactory, events: list[tuple[Any, dict[str, Any]]]
) -> None:
    results = tmp_path_factory.mktemp("night")
    (results / "logs").mkdir()
    path = RunStore(results).events_log(RUN)
    path.write_text("".join(json.dumps({"event": k, **f}) + "\n" for k, f in events))
    for facts in read_ledgers(results, [a_run()]).values():
        rounds = sum(kind == "round" for kind, _ in events)
        lengths = {len(facts.prompt_tokens), len(facts.llm_seconds)}
        assert lengths == {len(facts.output_tokens)} == {rounds}
        assert min((*facts.prompt_tokens, *facts.output_tokens), default=0) >= 0
        for step in facts.steps:
            shown = f"{step.tool}{step.target}{step.error}"
            assert step.tool
            assert shown.isprintable()
            assert len(step.target) <= LONGEST_TARGET
            assert step.seconds >= 0
            assert isinstance(step.round, int)


@pytest.mark.parametrize(
    ("command", "target"),
    [
        ("pytest", "pytest"),
        ("python3 -m pytest -q tests/test_a.py", "pytest"),
        ("cd /ws && PYTHONPATH=. timeout 20 .venv/bin/python3.11 -m pytest", "pytest"),
        ("timeout -k 5 60s python -u app.py data/", "python app.py"),
        ("python -c 'print(1)'", "python -c"),
        ("python - <<'EOF'\nprint(1)\nEOF", "python -"),
        ("python -m http.server 80", "http.server"),
        ("ls -la", "ls"),
        ("ls -la src/", "ls src"),
        ("cat > a.py <<'EOF'\nx = 1\nEOF", "cat a.py"),
        ("cat /ws/a.py | head -5", "cat a.py"),
        ("cat '/tmp/x/L3-1-run-0001-try-2/pkg/a.py'", "cat pkg/a.py"),
        ("grep -n 'def total' billing.py", "grep billing.py"),
        ("cd sub; ./run.sh", "run.sh"),
        ("cd sub", "cd"),
        ("  \n", ""),
        ("''", ""),
    ],
)
def test_a_command_is_its_program_and_the_file_that_matters(
    command: str, target: str
) -> None:
    assert target_of({"command": command}, RUN) == target


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("a.py", "a.py"),
        (" ./sub//a.py ", "sub/a.py"),
        ("/ws/a.py", "a.py"),
        ("/ws", ""),
        (".", ""),
        (f"/srv/night/.agent_workspace/{RUN}/sub/a.py", "sub/a.py"),
        (f"/srv/night/.agent_workspace/{RUN}", ""),
        ("/etc/passwd", "/etc/passwd"),
        ("a\x1b[31m\n.py", "a [31m .py"),
    ],
)
def test_a_path_is_relative_to_the_workspace(path: str, target: str) -> None:
    assert target_of({"path": path, "content": "x"}, RUN) == target


def test_a_finish_is_aimed_at_its_status() -> None:
    assert target_of({"summary": "I am done", "status": "blocked"}, RUN) == "blocked"


def test_tool_rates_agree_with_the_steps(tmp_path: Path) -> None:
    failed = {"ok": False, "observation": "There is no file a.py."}
    laid(tmp_path, an_action(), an_action(**failed), an_action("write_file"))
    laid(tmp_path, an_action(**failed), an_action(""), run="L3-1-run-0002")
    rates = tool_rates(read_ledgers(tmp_path, [a_run(), a_run(attempt=2)]))
    assert [(one.tool, one.rate) for one in rates] == [
        ("read_file", Rate(1, 3)),
        (UNNAMED, Rate(1, 1)),
        ("write_file", Rate(1, 1)),
    ]
    assert rates[0].runs == (RUN, "L3-1-run-0002")
    assert rates[0].errors == (("read_file: There is no file <path>.", 2),)
    assert tool_rates({}) == ()
