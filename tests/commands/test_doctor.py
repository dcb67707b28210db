"""``pytest-overnight doctor``: each damage is named, mended, and gone afterwards."""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from pytest_overnight.cli import main
from pytest_overnight.commands import mending
from pytest_overnight.records.disagreement import Remedy
from pytest_overnight.records.inspection import inspect
from pytest_overnight.records.store import SessionLock
from tests.support.night_in_two import begin
from tests.support.night_in_two import end
from tests.support.night_in_two import go_on
from tests.support.nights import environment

SOLVED, MISSED, TWICE, LAST = (
    "L3-1-run-0001",
    "L4-1-run-0001",
    "L3-1-run-0002",
    "L4-1-run-0002",
)
"""``TWICE`` was cut short by Ctrl-C, and solved when it was played again."""


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of a whole night of four runs, of five tries."""
    folder = tmp_path_factory.mktemp("played")
    assert "KeyboardInterrupt" in end(begin(folder))
    night = go_on(folder)
    assert night.status == 0, night.out + night.err
    assert [night.outcomes[run] for run in (SOLVED, MISSED, TWICE, LAST)] == [
        "passed",
        "wrong_answer",
        "passed",
        "wrong_answer",
    ]
    return night.results


@pytest.fixture
def results(played: Path, tmp_path: Path) -> Path:
    """A copy to be damaged."""
    return Path(shutil.copytree(played, tmp_path / "overnight_results"))


def doctor(results: Path, *words: str) -> int:
    return main(["doctor", str(results), *words])


# What can happen to a file -------------------------------------------------------


def torn(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def gone(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink()


def changed(**fields: object) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        content = json.loads(path.read_bytes())
        path.write_text(json.dumps({**content, **fields}), encoding="utf-8")

    return change


def digested(**digests: str) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        content = json.loads(path.read_bytes())
        content["digests"] |= digests
        path.write_text(json.dumps(content), encoding="utf-8")

    return change


def holding(text: str) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    return write


def ending(text: str) -> Callable[[Path], None]:
    def append(path: Path) -> None:
        with path.open("a", encoding="utf-8") as file:
            file.write(text)

    return append


def without_lines(*words: str) -> Callable[[Path], None]:
    def drop(path: Path) -> None:
        lines = path.read_text().splitlines(keepends=True)
        kept = [line for line in lines if not all(word in line for word in words)]
        path.write_text("".join(kept), encoding="utf-8")

    return drop


def with_words(old: str, new: str, times: int = -1) -> Callable[[Path], None]:
    def replace(path: Path) -> None:
        path.write_text(path.read_text().replace(old, new, times), encoding="utf-8")

    return replace


def without_first_try(path: Path) -> None:
    content = json.loads(path.read_bytes())
    content["tries"] = content["tries"][1:]
    path.write_text(json.dumps(content), encoding="utf-8")


def linked_elsewhere(path: Path) -> None:
    """As ``make_reachable`` does for root."""
    target = path.parent.parent / "overnight-workspaces-gone"
    target.mkdir(exist_ok=True)
    (target / "answer.py").write_text("x = 1\n", encoding="utf-8")
    path.symlink_to(target)


def dangling(path: Path) -> None:
    path.symlink_to(path.parent / "nowhere")


Damage = tuple[str, Callable[[Path], None], str, str]
"""File, what happens to it, where and in which words that is named."""

FINISHED = '"finished"'

MENDABLE: dict[str, Damage] = {
    "record torn": (
        f"runs/{SOLVED}.json",
        torn,
        f"runs/{SOLVED}.json",
        "is no whole JSON",
    ),
    "record empty": (
        f"runs/{LAST}.json",
        holding(""),
        f"runs/{LAST}.json",
        "is no whole JSON",
    ),
    "record of nothing": (
        f"runs/{LAST}.json",
        holding("{}"),
        f"runs/{LAST}.json",
        "is no run record (run_id: Field required)",
    ),
    "record of another run": (
        f"runs/{MISSED}.json",
        changed(run_id=LAST),
        f"runs/{MISSED}.json",
        f"holds the record of another run, {LAST}",
    ),
    "record against itself": (
        f"runs/{MISSED}.json",
        changed(outcome="passed"),
        f"runs/{MISSED}.json",
        "contradicts itself: outcome passed, success False",
    ),
    "record of another session": (
        f"runs/{TWICE}.json",
        changed(session_id="overnight-2001-01-01"),
        f"runs/{TWICE}.json",
        "belongs to another session, overnight-2001-01-01",
    ),
    "half a record": (
        f"runs/.{SOLVED}.json.4242.tmp",
        holding('{"run_id":'),
        f"runs/.{SOLVED}.json.4242.tmp",
        "was being written when its writer was killed",
    ),
    "half a log": (
        "logs/.server-main-try.txt.tmp",
        holding(""),
        "logs/.server-main-try.txt.tmp",
        "was being written",
    ),
    "trial of the folder": (
        ".writable.4242",
        holding(""),
        ".writable.4242",
        "was being written",
    ),
    "no finished line": (
        "journal.jsonl",
        without_lines(FINISHED, MISSED),
        f"runs/{MISSED}.json",
        "its run finished, and the journal does not say so",
    ),
    "another outcome in the journal": (
        "journal.jsonl",
        with_words('"wrong_answer"', '"gave_up"'),
        f"runs/{LAST}.json",
        "the journal says gave_up, the record wrong_answer",
    ),
    "no output log": (
        f"logs/{TWICE}-try-2.txt",
        gone,
        f"logs/{TWICE}-try-2.txt",
        "is missing",
    ),
    "empty output log": (
        f"logs/{SOLVED}.txt",
        holding(""),
        f"logs/{SOLVED}.txt",
        "is missing",
    ),
    "no ledger for people": (
        f"logs/{TWICE}-ledger.log",
        gone,
        f"logs/{TWICE}-ledger.log",
        "is missing",
    ),
    "no view": (
        f"workspaces/failed/{MISSED}",
        gone,
        f"workspaces/failed/{MISSED}",
        "is missing",
    ),
    "half a view": (
        f"workspaces/failed/{LAST}/answer.py",
        gone,
        f"workspaces/failed/{LAST}",
        "lacks answer.py",
    ),
    "a changed view": (
        f"workspaces/failed/{MISSED}/answer.py",
        ending("# mine\n"),
        f"workspaces/failed/{MISSED}",
        "answer.py is not as in the snapshot",
    ),
    "a view too many": (
        f"workspaces/failed/{SOLVED}/answer.py",
        holding("x = 1\n"),
        f"workspaces/failed/{SOLVED}",
        "the run was not missed: its outcome is passed",
    ),
    "no master log": ("master_log.json", gone, "master_log.json", "is missing"),
    "master log torn": ("master_log.json", torn, "master_log.json", "cannot be read"),
    "another count": (
        "master_log.json",
        changed(tests_passed=3),
        "master_log.json",
        "tests_passed is 3, by the records 2",
    ),
    "another criterion": (
        "master_log.json",
        with_words('"4 of 4"', '"5 of 4"'),
        "master_log.json",
        'criteria.2.actual is "5 of 4", by the records "4 of 4"',
    ),
    "no status": ("status.json", gone, "status.json", "is missing"),
    "another status": (
        "status.json",
        changed(done=3, running=[{"run_id": LAST}]),
        "status.json",
        "done is 3, by the records 4",
    ),
    "live workspaces": (
        f".agent_workspace/{LAST}/answer.py",
        holding("x = 1\n"),
        ".agent_workspace",
        "live workspaces of a session that was killed",
    ),
    "live workspaces elsewhere": (
        ".agent_workspace",
        linked_elsewhere,
        ".agent_workspace",
        "live workspaces",
    ),
    "live workspaces nowhere": (
        ".agent_workspace",
        dangling,
        ".agent_workspace",
        "live workspaces",
    ),
    "former record torn": (
        f"tries/{TWICE}-try-1.json",
        torn,
        f"tries/{TWICE}-try-1.json",
        "is no whole JSON",
    ),
    "former record of another try": (
        f"tries/{TWICE}-try-1.json",
        lambda path: shutil.copy(path.parent.parent / f"runs/{TWICE}.json", path),
        f"tries/{TWICE}-try-1.json",
        "holds the record of try 2",
    ),
}

LASTING: dict[str, Damage] = {
    "no record": (
        f"runs/{SOLVED}.json",
        gone,
        f"runs/{SOLVED}.json",
        "is missing, yet the run finished: a resumed night grades its snapshot",
    ),
    "record of a later version": (
        f"runs/{SOLVED}.json",
        changed(schema_version=2, more="fields"),
        f"runs/{SOLVED}.json",
        "was written by a newer version of pytest-overnight",
    ),
    "other settings": (
        f"runs/{SOLVED}.json",
        digested(settings="0" * 64),
        f"runs/{SOLVED}.json",
        "was not played with the session's settings",
    ),
    "another challenge": (
        f"runs/{SOLVED}.json",
        digested(challenge="0" * 64),
        f"runs/{SOLVED}.json",
        "was played with another version of L3-1",
    ),
    "not planned": (
        "journal.jsonl",
        with_words(f'"{SOLVED}", ', ""),
        f"runs/{SOLVED}.json",
        "its run is not in the session's plan",
    ),
    "files of nobody": (
        "logs/L9-9-run-0001-events.jsonl",
        holding(""),
        "logs/L9-9-run-0001-events.jsonl",
        "its run is not in the session's plan, and has no record",
    ),
    "no events": (
        f"logs/{MISSED}-events.jsonl",
        gone,
        f"logs/{MISSED}-events.jsonl",
        "is missing, and with it all that was done in this try",
    ),
    "no snapshot": (
        f"snapshots/{SOLVED}.tar.gz",
        gone,
        f"snapshots/{SOLVED}.tar.gz",
        "is missing",
    ),
    "another snapshot": (
        f"snapshots/{SOLVED}.tar.gz",
        ending("!"),
        f"snapshots/{SOLVED}.tar.gz",
        "was changed: its SHA-256 is",
    ),
    "no former record": (
        f"tries/{TWICE}-try-1.json",
        gone,
        f"tries/{TWICE}-try-1.json",
        "is missing: the record of try 1",
    ),
    "a try untold": (
        f"runs/{TWICE}.json",
        without_first_try,
        f"runs/{TWICE}.json",
        "does not tell of try 1, whose files lie there",
    ),
    "no journal": (
        "journal.jsonl",
        gone,
        "journal.jsonl",
        "is missing: what was planned is not known",
    ),
    "an empty journal": (
        "journal.jsonl",
        holding(""),
        "journal.jsonl",
        "tells of no session",
    ),
}

HARMLESS: dict[str, Damage] = {
    "a torn last line": (
        "journal.jsonl",
        ending('{"event": "started", "ru'),
        "journal.jsonl:17",
        "this line is cut off, as by a kill",
    ),
    "a torn line": (
        "journal.jsonl",
        with_words('{"event": "worker"', '{"event": ', 1),
        "journal.jsonl:2",
        "this line is unreadable",
    ),
    "a try cut off": (
        f"logs/{LAST}-try-2-events.jsonl",
        holding(""),
        LAST,
        "try 2 was cut off: the record of try 1 stands",
    ),
}


def damage(results: Path, one: Damage) -> None:
    name, happens, _, _ = one
    happens(results / name)


def found_in(results: Path) -> list[str]:
    return [f"{d.where}: {d.what}" for d in inspect(results).found]


def names(found: list[str], one: Damage) -> bool:
    _, _, where, what = one
    return any(line.startswith(f"{where}: ") and what in line for line in found)


def records_of(results: Path) -> dict[str, bytes]:
    folders = (results / "runs", results / "tries")
    paths = [path for folder in folders for path in folder.glob("*.json")]
    return {str(path.relative_to(results)): path.read_bytes() for path in paths}


FOLLOWS = ("master_log.json", "status.json")


# What is seen and done ------------------------------------------------------------


def test_a_whole_night_agrees(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {p: p.stat().st_mtime_ns for p in sorted(results.rglob("*"))}
    assert doctor(results) == 0
    first, *_, last = capsys.readouterr().out.splitlines()
    assert first.startswith(f"{results}:")
    assert last == "Nothing disagrees."
    after = {p: p.stat().st_mtime_ns for p in sorted(results.rglob("*"))}
    assert after == before


@pytest.mark.parametrize("name", MENDABLE)
def test_a_damage_is_named_mended_and_gone(
    name: str, results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = records_of(results)
    damage(results, MENDABLE[name])
    damaged = records_of(results)
    found = found_in(results)
    assert names(found, MENDABLE[name])
    where = MENDABLE[name][2]
    beside = [line for line in found if not line.startswith((f"{where}:", *FOLLOWS))]
    assert len(beside) <= ("in the journal" in name)  # there are two of that outcome
    assert doctor(results) == 1
    out = capsys.readouterr().out
    assert "can be mended with --repair" in out.splitlines()[-1]
    assert all(len(line) <= 80 for line in out.splitlines() if " " in line.strip())
    assert doctor(results, "--repair") == 0
    assert "nothing disagrees now" in capsys.readouterr().out.splitlines()[-1]
    assert doctor(results) == 0
    after = records_of(results)
    assert after == {name: whole[name] for name in after}
    lost = {content for name, content in damaged.items() if name not in after}
    aside = [path for path in (results / "damaged").rglob("*") if path.is_file()]
    assert lost <= {path.read_bytes() for path in aside}


@pytest.mark.parametrize("name", LASTING)
def test_what_cannot_be_mended_is_said_and_stays_as_it_is(
    name: str, results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damage(results, LASTING[name])
    whole = records_of(results)
    assert names(found_in(results), LASTING[name])
    assert doctor(results, "--repair") == 1
    assert " remain" in capsys.readouterr().out.splitlines()[-1]
    assert names(found_in(results), LASTING[name])
    left = inspect(results).disagreements
    assert {one.remedy for one in left} == {Remedy.BY_HAND}
    assert records_of(results) == whole


@pytest.mark.parametrize("name", HARMLESS)
def test_traces_of_a_kill_are_told_of_and_no_fault(
    name: str, results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damage(results, HARMLESS[name])
    found = found_in(results)
    assert names(found, HARMLESS[name])
    assert len(found) == 1
    assert doctor(results) == 0
    assert capsys.readouterr().out.endswith("Nothing disagrees; 1 remark.\n")


def test_a_ledger_is_written_again_word_for_word(results: Path) -> None:
    ledger = results / f"logs/{SOLVED}-ledger.log"
    output = results / f"logs/{SOLVED}.txt"
    before = ledger.read_bytes(), output.read_bytes()
    ledger.unlink()
    output.unlink()
    assert doctor(results, "--repair") == 0
    assert (ledger.read_bytes(), output.read_bytes()) == before


def test_a_missing_report_is_written_and_the_master_log_says_so(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    [report] = results.glob("overnight_report_*.md")
    before = report.read_text()
    report.unlink()
    assert doctor(results) == 1
    assert f"{report.name}: is missing, though the session has" in (
        capsys.readouterr().out
    )
    assert doctor(results, "--repair") == 0
    assert report.read_text() == before
    assert doctor(results) == 0


def test_a_line_that_is_added_makes_the_night_no_longer(results: Path) -> None:
    master = (results / "master_log.json").read_bytes()
    damage(results, MENDABLE["no finished line"])
    assert doctor(results, "--repair") == 0
    assert (results / "master_log.json").read_bytes() == master


@pytest.mark.slow
def test_what_was_set_aside_is_graded_again_by_a_resumed_night(
    played: Path, tmp_path: Path
) -> None:
    night = tmp_path / "night"
    shutil.copytree(played.parent, night)
    results = night / "overnight_results"
    damage(results, MENDABLE["record torn"])
    assert doctor(results, "--repair") == 0
    ended = go_on(night)
    assert ended.status == 0, ended.out + ended.err
    assert ended.outcomes[SOLVED] == "passed"
    assert doctor(results) == 0


# A night at work, killed, or put away ---------------------------------------------


def test_a_night_at_work_is_looked_at_and_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = tmp_path / "overnight_results"
    night = begin(tmp_path)
    try:
        assert doctor(results) == 0
        out = capsys.readouterr().out
        assert f"A session is at work here (process {night.pid}, started" in out
        assert "judged: 1 run, master log" in " ".join(out.split())
        damage(results, MENDABLE["record torn"])
        assert doctor(results) == 1
        assert f"runs/{SOLVED}.json: is no whole JSON" in capsys.readouterr().out
        assert doctor(results, "--repair") == 2
        err = capsys.readouterr().err
        assert f"a session is at work here (process {night.pid}, started" in err
        assert "so nothing was repaired" in err
        assert not (results / "damaged").exists()
    finally:
        end(night, signal.SIGKILL)


@pytest.mark.slow
def test_after_a_kill_the_traces_are_named_mended_and_the_night_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = tmp_path / "overnight_results"
    end(begin(tmp_path), signal.SIGKILL)
    assert doctor(results) == 1
    out = capsys.readouterr().out
    assert f"· {TWICE}: try 1 was cut off: a resumed night plays it" in out
    assert "✗ .agent_workspace: live workspaces of a session that was killed" in out
    assert "✗ master_log.json: tests_run is 0, by the records 2" in out
    assert doctor(results, "--repair") == 0
    assert not (results / ".agent_workspace").is_symlink()
    ended = go_on(tmp_path)
    assert ended.status == 0, ended.out + ended.err
    assert doctor(results) == 0


@pytest.fixture
def former(results: Path) -> Path:
    """The same night, put away."""
    place = results.parent / "later" / "history" / "overnight-2026-01-02"
    place.parent.mkdir(parents=True)
    return results.rename(place)


def test_a_former_session_is_looked_at_like_any_other(
    former: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (former / ".session.lock").unlink()
    assert doctor(former) == 0
    assert not (former / ".session.lock").exists()
    (former / "status.json").unlink()
    assert doctor(former) == 1
    assert doctor(former, "--repair") == 0


def test_what_went_to_make_room_is_no_fault(
    former: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(former / "snapshots")
    shutil.rmtree(former / f"workspaces/failed/{LAST}")
    assert doctor(former) == 1  # nobody says where that view went
    why = "removed workspaces/failed/" + LAST + "/ (0.1 MB): 5 GB had to be free"
    (former / "cleaned.txt").write_text(f"2026-02-01T00:00:00Z {why}\n")
    capsys.readouterr()
    assert doctor(former) == 0
    out = capsys.readouterr().out
    assert "· snapshots/: went to make room: see cleaned.txt" in out


def test_a_session_that_is_half_put_away_is_put_away(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = results / "history" / "overnight-2026-01-02"
    place.mkdir(parents=True)
    (results / "runs").rename(place / "runs")
    (results / ".moving_to_history").write_text(place.name)
    assert doctor(results) == 1
    assert "is half moved to history/overnight-2026-01-02" in capsys.readouterr().out
    assert doctor(place) == 1
    assert "half moved here; repair" in " ".join(capsys.readouterr().out.split())
    assert doctor(results, "--repair") == 0
    assert sorted(path.name for path in results.iterdir()) == [
        ".session.lock",
        "history",
    ]
    assert doctor(place) == 0


# Mistakes ---------------------------------------------------------------------------


def test_mistakes_are_said_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for place, said in ((tmp_path / "no", "no such folder"), (tmp_path, "no night")):
        assert doctor(place) == 2
        err = capsys.readouterr().err
        assert said in err
        assert err.count("\n") == 1


@pytest.mark.needs("user")
def test_a_folder_that_cannot_be_written_is_not_repaired(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gone(results / "status.json")
    (results / ".session.lock").unlink()
    results.chmod(0o555)
    assert doctor(results, "--repair") == 2
    assert "Permission denied" in capsys.readouterr().err
    results.chmod(0o755)


def test_a_step_that_fails_is_named_and_the_others_are_done(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damage(results, MENDABLE["half a record"])
    gone(results / "status.json")
    (results / "damaged").write_text("in the way")
    assert doctor(results, "--repair") == 1
    out = capsys.readouterr().out
    assert f"not mended: runs/.{SOLVED}.json.4242.tmp: " in out
    assert out.splitlines()[-1] == "1 mended, 1 disagreement remains."


def test_the_help_fits_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["doctor", "--help"])
    out = capsys.readouterr().out
    assert "exit status:" in out
    assert max(map(len, out.splitlines())) <= 80


# Laws -------------------------------------------------------------------------------

ALL = {**MENDABLE, **LASTING, **HARMLESS}


def damaged_copy(played: Path, place: Path, chosen: list[str]) -> Path:
    """What one damage leaves no file for is not done."""
    shutil.rmtree(place, ignore_errors=True)
    results = Path(shutil.copytree(played, place / "overnight_results"))
    for name in chosen:
        try:
            damage(results, ALL[name])
        except (OSError, ValueError, KeyError):
            continue
    return results


def touched(chosen: list[str]) -> set[str]:
    return {ALL[name][0] for name in chosen}


some_damages = st.lists(st.sampled_from(sorted(ALL)), max_size=8, unique=True)


@given(chosen=some_damages)
@settings(
    max_examples=100,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_after_a_repair_only_what_cannot_be_mended_is_left(
    chosen: list[str], played: Path, tmp_path: Path
) -> None:
    results = damaged_copy(played, tmp_path / "copy", chosen)
    before = records_of(results)
    lock = SessionLock(results)
    done = mending.repair(results)
    assert done.failed == {}
    assert {one.remedy for one in done.left} <= {Remedy.BY_HAND}
    assert mending.repair(results).mended == []
    lock.release()
    assert done.now is not None
    assert inspect(results).found == done.now.found
    if not touched(chosen) & set(MENDABLE_BY_LASTING):
        assert done.left == []
    intact = records_of(played).keys() - touched(chosen)
    after = records_of(results)
    assert {name: after[name] for name in intact} == {
        name: before[name] for name in intact
    }
    kept = {path.read_bytes() for path in results.rglob("*") if path.is_file()}
    assert set(before.values()) <= kept


MENDABLE_BY_LASTING = [one[0] for one in LASTING.values()]


class Killed(BaseException):
    """Nothing after this is done."""


@given(chosen=some_damages, steps=st.integers(0, 6))
@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_a_repair_that_broke_off_is_finished_by_the_next(
    chosen: list[str], steps: int, played: Path, tmp_path: Path
) -> None:
    results = damaged_copy(played, tmp_path / "copy", chosen)
    left = iter(range(steps))

    def until_killed(
        step: Callable[..., None],
    ) -> Callable[..., None]:
        def act(*arguments: object) -> None:
            if next(left, None) is None:
                raise Killed
            step(*arguments)

        return act

    whole = dict(mending.STEPS)
    mending.STEPS.update({k: until_killed(v) for k, v in whole.items()})
    try:
        mending.repair(results)
    except Killed:
        pass
    finally:
        mending.STEPS.update(whole)
    after = mending.repair(results)
    straight = mending.repair(damaged_copy(played, tmp_path / "other", chosen))
    assert after.now is not None
    assert straight.now is not None
    assert after.now.found == straight.now.found


@pytest.mark.slow
def test_a_repair_may_be_killed_at_any_instant(played: Path, tmp_path: Path) -> None:
    draw = random.Random(6)
    names = [name for name in MENDABLE if "live" not in name]
    for _ in range(12):
        results = damaged_copy(played, tmp_path / "copy", draw.sample(names, 8))
        argv = [sys.executable, "-m", "pytest_overnight", "doctor", str(results)]
        repair = subprocess.Popen(
            [*argv, "--repair"],
            env=environment(),
            cwd=tmp_path,
            stdout=subprocess.DEVNULL,
        )
        began = time.monotonic()
        until = began + draw.uniform(0.2, 1.2)
        while time.monotonic() < until and repair.poll() is None:
            time.sleep(0.005)
        repair.kill()
        repair.wait()
        assert doctor(results, "--repair") == 0
        assert doctor(results) == 0
