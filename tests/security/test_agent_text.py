"""Whatever an agent says, wherever it is shown: it stays text, on its own line.

One night of five runs in which every word is hostile; then everything is read that
the night printed or left behind.
"""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree

import pytest

from pytest_overnight.records.store import ARTIFACTS
from tests.reporting.nights import rows
from tests.reporting.nights import section
from tests.support.nights import EndedNight
from tests.support.nights import run_night
from tests.support.suites import write_challenge

EVIL = """\
<script>alert(1)</script><img src=http://evil.example/x.png>
| [L3-9-run-0001] | passed | 9/9 |
![image](http://evil.example/i.png) [link](http://evil.example) <http://evil.example>
``` ```` ~~~
# Heading
[L3-1-run-0001]: http://evil.example
[5/5] L3-5-run-0001  solved                0.1 s  5/5 solved  eta 0s
pass  test_forged
{"event": "finished", "run_id": "L3-9-run-0001", "outcome": "passed"}
00:00:00  finished     outcome=passed
::error::forged
planned 5: solved 5, missed 0, void 0, not reached 0
\x1b[8m\x1b]52;c;Zm9v\x07\x1b]8;;http://evil.example\x1b\\\x1b[2J\x9b8m
\u202e\u2066\u200f\u2028\x85\x00\x7f\udc80\rover\b\b\b\b
"""

AGENT = f"""\
import dataclasses, sys
from pytest_overnight.agents.scripted import ScriptedModel
from pytest_overnight.agents.task import LoopResult
from pytest_overnight.agents.tool_loop import run_tool_loop
from pytest_overnight.models.base import ToolCall, Turn
from pytest_overnight.rules.outcome import Stop

EVIL = {EVIL!a}
ANSWER = '''
EVIL = %a
def answer():
    return EVIL
def fails():
    raise type(EVIL.replace(chr(0), ""), (Exception,), {{"__module__": EVIL}})(EVIL)
''' % EVIL

def agent(task):
    return globals()[task.instruction.strip()](task)

def words(task):
    for line in EVIL.replace("\\0", "").strip("\\n").split("\\n"):
        task.box.call("write", path="x/" + line.replace("/", "_"), data=b"")
    task.box.call("write", path="answer.py", data=ANSWER.encode())
    return LoopResult(stop=Stop.FINISHED, detail=EVIL)

def raises(task):
    print(EVIL.replace("\\udc80", ""), flush=True)
    print(EVIL.encode("utf-8", "surrogatepass"), file=sys.stderr)
    task.ledger.write(EVIL, **{{EVIL: EVIL, "figure": float("nan")}})
    task.ledger.write("action", time=EVIL, seconds=float("inf"))
    raise RuntimeError(EVIL)

def void(task):
    return LoopResult(stop=Stop.SETUP, detail=EVIL, working_seconds=float("nan"))

def tools(task):
    def turns():
        for tool, arguments in [
            ("write_file", {{"path": "evil", "content": EVIL}}),
            ("run_command", {{"command": "cat evil; printf '\\x1b[8m' >&2"}}),
            ("read_file", {{"path": "evil"}}),
            ("read_file", {{"path": EVIL.replace("\\0", "")}}),
            (EVIL, {{EVIL: EVIL}}),
            ("finish", {{"summary": EVIL, "status": "blocked"}}),
        ]:
            yield Turn(content=EVIL, tool_calls=(ToolCall(tool, arguments),))
    return run_tool_loop(dataclasses.replace(task, model=ScriptedModel(EVIL, turns())))

def flood(task):
    task.box.call("write", path="answer.py", data=ANSWER.encode())
    task.box.run(["python", "-c", "import answer; print(ascii(answer.EVIL * 9000))"],
                 timeout=30)
    return EVIL * 9000
"""

TESTS = """\
import pytest

def test_value(code):
    assert code.call("answer:answer") == 42

def test_error(code):
    code.call("answer:fails")

def test_words(code):
    pytest.fail(code.call("answer:answer"))

def test_flood(code):
    assert False, code.call("answer:answer") * 9000

@pytest.mark.parametrize("x", [1], ids=["\\x1b]52;c;Zm9v\\x07\\u202e<b>|`"])
def test_parameter(x, files):
    assert not files.list(), print(files.list())
"""

RUNS = {
    "L3-1-run-0001": "wrong_answer",
    "L3-2-run-0001": "crash",
    "L3-3-run-0001": "harness",
    "L3-4-run-0001": "gave_up",
    "L3-5-run-0001": "wrong_answer",
}


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> EndedNight:
    """The night, and two reports of pytest's own beside it."""
    folder = tmp_path_factory.mktemp("night")
    for parent in (folder, *folder.parents[:3]):
        if not parent.stat().st_mode & 0o001:
            parent.chmod(parent.stat().st_mode | 0o011)  # a box's user passes here
    suite = folder / "suite"
    for number, kind in enumerate(("words", "raises", "void", "tools", "flood"), 1):
        challenge = write_challenge(suite, f"L3-{number}", tests=TESTS)
        (challenge / "instruction.md").write_text(kind)
    (folder / "hostile.py").write_text(AGENT)
    arguments = ["-m", "overnight", "--overnight-suite", str(suite), "--count=1"]
    arguments += ["--color=yes", "-rA", "--junitxml=j.xml"]
    arguments += ["--json-report", "--json-report-file=r.json"]
    return run_night(folder, *arguments, "--agent", "hostile:agent")


def is_plain(text: str) -> bool:
    """Whether nothing but line breaks would move or change a terminal."""
    return all(line.isprintable() for line in text.split("\n"))


def test_the_night_ends_well(night: EndedNight) -> None:
    assert night.status == 1, night.out + night.err  # for the void run
    assert night.outcomes == RUNS


def test_the_terminal_gets_pytests_own_colours_only(night: EndedNight) -> None:
    assert "\x1b[8m" not in night.out
    assert is_plain(re.sub(r"\x1b\[\d+(;\d+)*m", "", night.out))
    assert is_plain(night.err)


def test_no_line_of_the_terminal_is_forged(night: EndedNight) -> None:
    lines = re.sub(r"\x1b\[\d+(;\d+)*m", "", night.out).splitlines()
    ours = [line for line in lines if line.startswith("[")]
    assert [line.split()[1] for line in ours] == list(RUNS)
    counted = "planned 5: solved 0, missed 4, void 1, not reached 0"
    assert [line for line in lines if line.startswith("planned")] == [counted]
    assert not [line for line in lines if line.startswith(("::", "pass", "{", "|"))]


def test_records_count_right(night: EndedNight) -> None:
    assert night.master["tests_run"] == night.master["tests_failed"] == 4
    assert night.master["void"] == 1
    status = json.loads((night.results / "status.json").read_text())
    assert (status["solved"], status["missed"], status["void"]) == (0, 4, 1)


def test_files_for_people_are_plain(night: EndedNight) -> None:
    names = ["*.json", "*.jsonl", "*.md", "runs/*", "logs/*"]
    files = [file for name in names for file in night.results.glob(name)]
    assert len(files) > 4 * len(RUNS)
    for file in files:
        assert is_plain(file.read_text(encoding="utf-8")), file
        assert file.stat().st_size < 500_000, file
    assert all(file.read_bytes().isascii() for file in night.results.glob("runs/*"))


@pytest.mark.parametrize("name", ["journal.jsonl", *[f"{run}-events" for run in RUNS]])
def test_a_line_is_an_event(night: EndedNight, name: str) -> None:
    path = night.results / name
    if not path.exists():
        path = night.results / "logs" / f"{name}.jsonl"
    events = [json.loads(line) for line in path.read_text().splitlines()]
    assert all(type(event) is dict and "time" in event for event in events)
    finished = [event for event in events if event["event"] == "finished"]
    if name == "journal.jsonl":
        assert {event["run_id"]: event["outcome"] for event in finished} == RUNS
    else:
        people = path.with_name(path.name.replace("events.jsonl", "ledger.log"))
        assert len(finished) == 1
        stamps = re.findall(r"^\d\d:\d\d:\d\d", people.read_text(), re.M)
        assert len(stamps) == len(events)


@pytest.mark.parametrize("run", RUNS)
def test_a_log_names_each_check_once(night: EndedNight, run: str) -> None:
    text = (night.results / "logs" / f"{run}.txt").read_text()
    head, empty, *lines = text.split("\n")
    assert head.startswith(f"{run}: {RUNS[run]} (")
    assert empty == ""
    found = [line for line in lines if line and not line.startswith("      ")]
    checks = night.records[run]["checks"]
    said = {True: "pass", False: "FAIL"}
    assert found == [f"{said[check['passed']]}  {check['name']}" for check in checks]
    assert len(checks) == (0 if RUNS[run] == "harness" else 5)


def unquoted(page: str) -> str:
    """The page without what stands in code spans, as CommonMark delimits them."""
    return re.sub(r"(?<!`)(`+)(?!`)(.*?)(?<!`)\1(?!`)", "", page)


def test_the_report_shows_it_as_quotations_only(night: EndedNight) -> None:
    assert "evil.example" in night.report
    bare = unquoted(night.report)
    assert "evil.example" not in bare
    assert not set("<\x1b`") & set(bare)
    assert not re.search(r"alert|forged|L3-9", bare)


def test_the_report_has_our_tables_links_and_pictures_only(night: EndedNight) -> None:
    bare = unquoted(night.report)
    assert bare.count("\n# ") == 0
    runs = [row["run"] for row in rows(section(night.report, "All runs"))]
    assert runs == [f"[{run}]" for run in RUNS]
    assert len(rows(section(night.report, "Levels"))) == 4
    pictures = re.findall(r"!\[[^\]]*\]\(([^)]*)\)", bare)
    assert all(name.startswith("plots/") for name in pictures)
    links = re.findall(r"(?<!!)\[[^\]]*\]\(([^)]*)\)", bare)
    assert links == list(ARTIFACTS)
    assert bare.count("](") == len(pictures) + len(links)
    targets = re.findall(r"^\[[^\]]+\]: (.*)$", bare, re.M)
    assert all((night.results / target).is_file() for target in targets)


def test_reports_of_pytest_itself_can_be_read(night: EndedNight) -> None:
    folder = night.results.parent
    assert len(list(ElementTree.parse(folder / "j.xml").iter("testcase"))) == 5
    assert json.loads((folder / "r.json").read_text())["summary"]["missed"] == 4
    assert is_plain((folder / "j.xml").read_text())
