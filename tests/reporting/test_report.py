"""The report, read as its user reads it: headline first, then tables by heading."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_overnight.records.master import report_name
from pytest_overnight.records.record import AgentInfo
from pytest_overnight.records.record import Check
from pytest_overnight.records.record import Criterion
from pytest_overnight.records.record import Performance
from pytest_overnight.records.record import RunRecord
from pytest_overnight.records.record import SandboxInfo
from pytest_overnight.records.record import SnapshotInfo
from pytest_overnight.records.record import Try
from pytest_overnight.records.store import ARTIFACTS
from pytest_overnight.reporting.chapters.patterns import MEANING
from pytest_overnight.reporting.night import ReportError
from pytest_overnight.reporting.pages import write_report
from pytest_overnight.rules.outcome import Outcome
from tests.reporting.nights import Folder
from tests.reporting.nights import a_master
from tests.reporting.nights import a_run
from tests.reporting.nights import rows
from tests.reporting.nights import section

REHEARSAL = AgentInfo(spec="rehearsal", scripted=True, intended_outcome="passed")
RATES = [
    "Levels",
    "Challenges",
    "Reliability",
    "Durations and rounds",
    "Tools",
    "Where the time went",
    "Tokens",
    "How runs were missed",
    "Never solved",
    "Flaky",
    "Where missed runs part from solved ones",
    "Most common errors",
    "Workspace isolation",
    "Top 10 improvement recommendations",
    "Hidden tests that failed",
    "All runs",
]


def nine_runs() -> list[RunRecord]:
    """L3-1: 4 of 6 solved, one void; L6-3: 0 of 2 solved; one run is not reached."""
    return [
        *(a_run("L3-1", number, duration=10.0 * number) for number in (1, 2, 3, 4)),
        a_run("L3-1", 5, "wrong_answer", duration=50.0),
        a_run("L3-1", 6, "timeout", duration=180.0),
        a_run("L3-1", 7, "infra", detail="The server went away."),
        a_run("L6-3", 1, "timeout", duration=720.0),
        a_run("L6-3", 2, "timeout", duration=700.0),
    ]


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """A whole night of :func:`nine_runs`."""
    folder = Folder(tmp_path_factory.mktemp("calm") / "overnight_results")
    return folder.lay(*nine_runs(), master=a_master({"L3": 7, "L6": 3}))


@pytest.fixture(scope="module")
def page(calm: Folder) -> str:
    """Its report."""
    return calm.written()


def test_the_report_bears_the_date_of_the_evening(folder: Folder) -> None:
    folder.lay(*nine_runs(), master=a_master())
    assert write_report(folder.path).name == "overnight_report_2025-01-21.md"
    assert report_name("something else") == "overnight_report_something_else.md"
    assert report_name("overnight-../up") == "overnight_report_.._up.md"
    assert report_name("") == "overnight_report_undated.md"


def test_the_first_minute_says_what_how_sure_and_what_failed(page: str) -> None:
    headline = " ".join(section(page, "Executive summary").split())
    assert "Solved 4 of 8 runs that count (50 %)" in headline
    assert "each of the 2 challenges the rate is 33 %" in headline
    assert "L3 67 % (4/6), L6 0 % (0/2)" in headline
    assert "every time: 0; sometimes: 1; never: 1 (L6-3)" in headline
    assert re.search(r"Most missed runs: `timeout` .*, 3 of 4 missed runs", headline)
    assert "1 void (1 `infra`); 1 of 10 planned runs not reached" in headline
    assert "all of these been missed, the rate would be 40 %" in headline
    assert "had all been solved, 60 %" in headline


def test_a_calm_night_carries_no_warning(page: str) -> None:
    assert "Careful" not in page
    assert "no model was measured" not in page


def test_how_it_was_measured_names_agent_model_walls_seed_and_limits(page: str) -> None:
    how = section(page, "How it was measured")
    assert "`ollama`, model `gpt-oss:20b`" in how
    assert "Sandbox: `bubblewrap`, protected" in page.split("## ")[0]  # at its head
    assert "Seed: 7" in how
    assert "Time limits: as each challenge sets them" in how
    assert "2025-01-21 22:00 UTC to 2025-01-22 06:00 UTC (8 h 0 min)" in how


def test_levels_show_where_every_run_went_and_both_intervals(page: str) -> None:
    by_level: dict[str, dict[str, str]] = {}
    for row in rows(section(page, "Levels")):
        by_level.setdefault(row["level"], {}).update(row)
    assert list(by_level) == ["L3", "L6", "all"]
    l3 = by_level["L3"]
    names = ["planned", "counted", "solved", "missed", "void", "not reached"]
    assert [l3[name] for name in names] == ["7", "6", "4", "2", "1", "0"]
    assert l3["solved of counted"] == "4/6 = 67 %"
    assert l3["worst–best"] == "57–71 %"
    assert (l3["on these"], l3["on others"]) == ("30–90 %", "0–100 %")
    assert by_level["all"]["worst–best"] == "40–60 %"
    assert by_level["all"]["their mean"] == "33 %"


def test_a_challenge_has_its_rate_interval_time_and_commonest_failure(
    page: str,
) -> None:
    first, second = rows(section(page, "Challenges"))
    assert first == {
        "id": "L3-1",
        "solved": "4/6",
        "rate": "67 %",
        "95 %": "30–90 %",
        "median s": "35.0",
        "missed most by": "timeout 1× (tie)",
    }
    assert second["solved"] == "0/2"
    assert second["missed most by"] == "timeout 2×"


def test_titles_are_shown_where_known(folder: Folder) -> None:
    master = a_master(titles={"L3-1": "Refactor to Class"})
    page = folder.lay(*nine_runs(), master=master).report()
    titles = [row["title"] for row in rows(section(page, "Challenges"))]
    assert titles == ["Refactor to Class", "L6-3"]


def test_failures_have_shares_intervals_and_run_ids(page: str) -> None:
    failures = section(page, "How runs were missed")
    most = rows(failures)[0]
    assert (most["outcome"], most["runs"]) == ("timeout", "3")
    assert (most["of counted"], most["95 %"]) == ("38 %", "14–69 %")
    listed = "[L3-1-run-0006], [L6-3-run-0001], [L6-3-run-0002]"
    assert f"`timeout`, 3 of 8 counted runs:\n  {listed}" in failures


def test_a_failed_hidden_test_says_in_how_many_runs_and_why(folder: Folder) -> None:
    bad = Check(name="test_total[empty]", passed=False, message="assert 3 == 4")
    good = Check(name="test_total[empty]", passed=True)
    runs = [
        a_run("L3-1", 1, checks=[good]),
        a_run("L3-1", 2, "wrong_answer", checks=[bad]),
        a_run("L3-1", 3, "wrong_answer", checks=[bad]),
    ]
    failed = section(folder.lay(*runs).report(), "Hidden tests that failed")
    assert "### L3-1" in failed
    assert "`test_total[empty]` failed in 2 of 3 runs" in failed
    assert "[L3-1-run-0002], [L3-1-run-0003]" in failed
    assert "`assert 3 == 4`" in failed


def test_durations_have_mean_median_deviation_and_ends(page: str) -> None:
    row = rows(section(page, "Durations and rounds"))[1]
    names = ["id", "runs", "mean", "median", "sd", "min", "max", "own median"]
    shown = [row[name] for name in names]
    assert shown == ["L6-3", "2", "710", "710", "14.1", "700", "720", "12.0"]


def test_the_commonest_errors_are_listed_by_runs(folder: Folder) -> None:
    rare = {f"edit_file: kind {letter}": 9 for letter in "abcdefghijkl"}
    runs = [
        a_run("L3-1", 1, fingerprints={"run_command exit N: `x` | <b>": 2, **rare}),
        a_run("L3-1", 2, "infra", fingerprints={"run_command exit N: `x` | <b>": 1}),
    ]
    errors = section(folder.lay(*runs).report(), "Most common errors")
    first, *rest = rows(errors)
    assert first == {
        "runs": "2",
        "times": "3",
        "missed": "0/1",
        "error": r"`` run_command exit N: `x` \| <b> ``",
    }
    assert len(rest) == 9
    assert "And 3 more" in errors


def test_a_night_without_errors_says_so(page: str) -> None:
    assert "None is recorded." in section(page, "Most common errors")


def test_the_time_of_counted_runs_is_split_into_its_parts(folder: Folder) -> None:
    def run(number: int, outcome: str, **seconds: float) -> RunRecord:
        return a_run("L3-1", number, outcome, performance=Performance(**seconds))

    runs = [
        run(1, "passed", llm_seconds=60.0, tool_seconds=10.0, other_seconds=5.0),
        run(2, "timeout", llm_seconds=100.0, rate_wait_seconds=20.0, setup_seconds=5.0),
        run(3, "infra", infra_wait_seconds=1000.0),
    ]
    split = rows(section(folder.lay(*runs).report(), "Where the time went"))
    shown = {
        row["part"]: (row["in all"], row["share"], row["median s"]) for row in split
    }
    assert shown == {
        "setup": ("5.0 s", "2 %", "2.50"),
        "llm": ("2 min 40 s", "80 %", "80.0"),
        "tool": ("10.0 s", "5 %", "5.00"),
        "loop": ("0.0 s", "0 %", "0.00"),
        "agent": ("0.0 s", "0 %", "0.00"),
        "rate wait": ("20.0 s", "10 %", "10.0"),
        "infra wait": ("0.0 s", "0 %", "0.00"),
        "snapshot": ("0.0 s", "0 %", "0.00"),
        "check": ("0.0 s", "0 %", "0.00"),
        "other": ("5.0 s", "2 %", "2.50"),
    }


SHADOW = {"loop_guard": "shadow"}


@pytest.mark.parametrize(
    ("stops", "settings", "said"),
    [
        (
            [["L1"], ["L4", "L1"], []],
            SHADOW,
            "2 runs would have been stopped by the loop guard (rules L1, L4), 1 of "
            "them passed in the end.",
        ),
        (
            [["L7"], [], []],
            {},
            "1 run would have been stopped by the loop guard (rules L7), 1 of them "
            "passed in the end.",
        ),
        ([[]], SHADOW, "The loop guard only watched: it would have stopped no run."),
        ([[]], {"loop_guard": "stop"}, ""),
    ],
    ids=["two", "one", "none", "not asked to watch"],
)
def test_a_guard_that_only_watched_says_what_it_would_have_done(
    folder: Folder, stops: list[list[str]], settings: dict[str, str], said: str
) -> None:
    outcomes = ["passed", "timeout", "passed"]
    runs = [
        a_run("L3-1", number + 1, outcomes[number], shadow_stops=rules)
        for number, rules in enumerate(stops)
    ]
    page = folder.lay(*runs, master=a_master(settings=settings)).report()
    how = " ".join(section(page, "How it was measured").split())
    assert said in how
    assert ("loop guard" in how) == bool(said)


def test_a_void_run_is_listed_with_its_reason_and_tries(folder: Folder) -> None:
    one = Try(number=1, stop="llm_unavailable", started="2025-01-21T22:00", duration=1)
    run = a_run("L3-1", 7, "infra", detail="The server went away.", tries=[one] * 2)
    void = section(folder.lay(run).report(), "Void runs")
    assert "[L3-1-run-0007] `infra`" in void
    assert "stop `llm_unavailable`, tests `not_run`, tries 2" in void
    assert "`The server went away.`" in void


def test_criteria_are_shown_met_or_missed(folder: Folder) -> None:
    criteria = [
        Criterion(name="Runs", target="100+", actual="120", met=True),
        Criterion(
            name="More runs", target="150+", actual="120", met=False, stretch=True
        ),
        Criterion(name="HRM tasks", target="6+", actual="4", met=False),
        Criterion(
            name="Quick wins", target="done", actual="unknown", met=None, stretch=True
        ),
    ]
    page = folder.lay(a_run(), master=a_master(criteria=criteria)).report()
    assert section(page, "Executive summary").strip().splitlines()[:5] == [
        "**The plan's criteria: 1 of 2 met**",
        "- met: Runs, 120 (target 100+)",
        "- **MISSED**: HRM tasks, 4 (target 6+)",
        "- Stretch, **MISSED**: More runs, 120 (target 150+)",
        "- Stretch, not measured: Quick wins",
    ]


def test_every_run_links_to_what_was_kept_and_to_nothing_else(folder: Folder) -> None:
    snapshot = SnapshotInfo(path="snapshots/a run.tar.gz", sha256="", files=1, bytes=1)
    run = a_run("L3-1", 1, snapshot=snapshot)
    folder.lay(run)
    for name in (run.output_log, snapshot.path):  # the ledger was lost
        (folder.path / name).parent.mkdir(exist_ok=True)
        (folder.path / name).write_text("")
    page = folder.report()
    [row] = rows(section(page, "All runs"))
    assert row["run"] == "[L3-1-run-0001]"
    assert row["kept"] == "[log][1a] [files][1c]"
    targets = dict(re.findall(r"^\[(.+)\]: (\S+)$", page, re.M))
    assert targets == {
        "L3-1-run-0001": "runs/L3-1-run-0001.json",
        "1a": "logs/L3-1-run-0001.txt",
        "1c": "snapshots/a%20run.tar.gz",
    }


def test_every_run_id_in_the_report_leads_to_its_record(
    calm: Folder, page: str
) -> None:
    named = set(re.findall(r"\[([A-Z][\w-]+-run-\d{4})\]", page))
    targets = dict(re.findall(r"^\[(.+)\]: (\S+)$", page, re.M))
    assert len(named) == 9
    assert all((calm.path / targets[run_id]).is_file() for run_id in named)


def test_plots_are_embedded_and_there(calm: Folder, page: str) -> None:
    pictures = re.findall(r"^!\[.+\]\((.+)\)$", page, re.M)
    assert len(pictures) == 5
    assert all((calm.path / name).stat().st_size > 1000 for name in pictures)


def test_tables_fit_a_terminal(folder: Folder) -> None:
    titles = {"L6-2": "Multi-Module Dependency Management"}
    runs = [a_run("L6-2", 1, "wrong_answer"), a_run("L6-2", 2, "malformed")]
    for run in runs:
        for name in (run.output_log, run.agent_ledger):
            (folder.path / name).parent.mkdir(exist_ok=True)
            (folder.path / name).write_text("")
    master = a_master({"L6": 2}, titles=titles)
    page = folder.lay(*runs, master=master).report()
    lines = [line for line in page.splitlines() if line.startswith("|")]
    assert max(map(len, lines)) <= 100


# A night of scripts


def test_a_rehearsal_says_so_at_the_top_and_wherever_rates_are(folder: Folder) -> None:
    runs = [a_run("L3-1", 1, agent=REHEARSAL), a_run("L3-1", 2, agent=REHEARSAL)]
    page = folder.lay(*runs, master=a_master(time_scale=20.0)).report()
    words = (
        "**This was a rehearsal, scripted agent `rehearsal`: no model was measured.**"
    )
    assert page.splitlines()[2] == words
    for title in RATES:
        assert section(page, title).strip().startswith(words), title
    assert "nothing about a model" in section(page, "Executive summary")
    assert "Time limits: divided by 20" in page


def test_another_scripted_agent_is_named(folder: Folder) -> None:
    oracle = AgentInfo(spec="oracle", scripted=True)
    page = folder.lay(a_run(agent=oracle)).report()
    assert "**This was the scripted agent `oracle`: no model was measured.**" in page


def test_a_night_of_scripts_and_models_says_how_many_are_which(folder: Folder) -> None:
    page = folder.lay(a_run("L3-1", 1, agent=REHEARSAL), a_run("L3-1", 2)).report()
    assert "**1 of 2 runs are the work of the scripted agent `rehearsal`" in page
    assert "2 different agents worked this night" in section(page, "Executive summary")


def test_a_rehearsal_is_judged_by_the_outcomes_its_scripts_intend(
    folder: Folder,
) -> None:
    good, bad = a_run("L3-1", 1, agent=REHEARSAL), a_run("L3-1", 2, "loop")
    assert (
        "1 of 1 scripted run had the outcome that the script intends."
        in folder.lay(good).report()
    )
    headline = section(
        folder.lay(bad.model_copy(update={"agent": REHEARSAL})).report(),
        "Executive summary",
    )
    assert "**1 of 2 runs had another outcome than their script intends:**" in headline
    assert "[L3-1-run-0002] `loop`, intended `passed`" in headline


# Nights that went wrong


def test_unprotected_hidden_tests_are_said_in_the_first_minute(folder: Folder) -> None:
    bare = SandboxInfo(level="process", protected=False)
    page = folder.lay(a_run("L3-1", 1, sandbox=bare), a_run("L3-1", 2)).report()
    summary = section(page, "Executive summary")
    assert "In 1 of 2 runs the agent's code could have read" in summary
    assert "Sandbox: `process`, **unprotected**" in page.split("## ")[0]


def test_a_night_that_goes_on_says_so(folder: Folder) -> None:
    page = folder.lay(a_run(), master=a_master(end_time=None)).report()
    assert "The night had not ended" in section(page, "Executive summary")


def test_an_empty_night_gives_a_report(folder: Folder) -> None:
    page = folder.lay(master=a_master({"L3": 30})).written()
    headline = section(page, "Executive summary")
    assert "no run of this night counts" in headline
    assert "Nothing was recorded" in headline
    assert "30 of 30 planned runs not reached" in headline
    assert not list((folder.path / "plots").iterdir())


def test_a_folder_with_nothing_in_it_gives_a_report(folder: Folder) -> None:
    page = folder.report()
    assert page.startswith("# Overnight report\n")
    assert "master_log.json is missing" in section(page, "Executive summary")


def test_a_night_of_void_runs_has_no_rate_but_reasons(folder: Folder) -> None:
    runs = [a_run("L3-1", 1, "infra"), a_run("L3-1", 2, "harness")]
    page = folder.lay(*runs, master=a_master({"L3": 2})).report()
    assert "There is no pass rate" in section(page, "Executive summary")
    assert len(re.findall(r"^- \[L3-1", section(page, "Void runs"), re.M)) == 2
    assert "| L3-1 |" in section(page, "Challenges")


def test_a_missing_master_log_leaves_the_plan_blank(folder: Folder) -> None:
    page = folder.lay(*nine_runs()).report()
    assert "master_log.json is missing" in section(page, "Executive summary")
    assert rows(section(page, "Levels"))[0]["planned"] == "–"
    assert "Solved 4 of 8 runs" in page


def test_a_half_written_record_is_named_with_what_to_do(folder: Folder) -> None:
    folder.lay(*nine_runs(), master=a_master({"L3": 7, "L6": 3}))
    path = folder.path / "runs" / "L3-1-run-0001.json"
    path.write_text(path.read_text()[:200])
    page = folder.report()
    headline = " ".join(section(page, "Executive summary").split())
    assert "runs/L3-1-run-0001.json is not whole JSON" in headline
    assert "pytest-overnight doctor says what can be done" in headline
    assert "Solved 3 of 7 runs" in page


def test_no_folder_is_no_report(tmp_path: Path) -> None:
    with pytest.raises(ReportError):
        write_report(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_plots_that_cannot_be_written_do_not_cost_the_report(folder: Folder) -> None:
    (folder.path / "plots").write_text("in the way")
    page = folder.lay(*nine_runs()).written()
    assert "There are no plots" in section(page, "Executive summary")
    assert "Solved 4 of 8 runs" in page
    assert "![" not in page


def test_what_an_agent_wrote_stays_text(folder: Folder) -> None:
    evil = "<script>x</script>\n# Heading | `code` [click](http://evil) \x1b[31m \u202e"
    runs = [
        a_run("L3-1", 1, "harness", detail=evil),
        a_run(
            "L3-1",
            2,
            "wrong_answer",
            checks=[Check(name="test_a", passed=False, message=evil)],
        ),
    ]
    page = folder.lay(*runs, master=a_master()).report()
    assert page.count("\n# ") == 0
    assert "\x1b" not in page
    assert "\u202e" not in page
    quoted = r"`` <script>x</script>\n# Heading | `code` [click](http://evil) \x1b[31m"
    assert page.count(quoted) >= 2
    assert page.count("<script>") == page.count("`` <script>")


def test_nothing_reaches_the_page_unescaped_unless_meant(folder: Folder) -> None:
    evil = "<b>x</b> | [click](http://evil)"
    criteria = [Criterion(name=evil, target=evil, actual=evil, met=True)]
    bad = Check(name=evil, passed=False, message=evil)
    run = a_run("L3-1", 1, "wrong_answer", checks=[bad])
    folder.lay(run, master=a_master(criteria=criteria, titles={"L3-1": evil}))
    page = folder.report().replace(f"`{evil}`", "")
    assert "<b>" not in page
    assert not re.search(r"(?<!\\)\]\(http", page)
    shown = r"&lt;b&gt;x&lt;/b&gt; | \[click\](http://evil)"
    assert f"met: {shown}, {shown} (target {shown})" in page


def test_every_outcome_is_explained() -> None:
    assert MEANING.keys() == {outcome.value for outcome in Outcome}


def test_what_is_known_of_an_agent_is_told_once(folder: Folder) -> None:
    one = AgentInfo(spec="ollama", model="m", details={"server": "1", "num_ctx": 16384})
    two = AgentInfo(spec="ollama", model="m", details={"server": "2", "num_ctx": 16384})
    page = folder.lay(a_run(agent=one), a_run("L3-1", 2, agent=two)).report()
    how = section(page, "How it was measured")
    assert "`ollama`, model `m`, num_ctx `16384`, server `1 or 2`\n" in how
    assert "different agents" not in page


def test_writing_again_replaces_the_report_and_leaves_nothing_beside_it(
    folder: Folder,
) -> None:
    first = folder.lay(*nine_runs(), master=a_master()).written()
    assert folder.written() == first
    names = {path.name for path in folder.path.iterdir()}
    assert names == {
        "master_log.json",
        "runs",
        "plots",
        "overnight_report_2025-01-21.md",
        *ARTIFACTS,
    }
