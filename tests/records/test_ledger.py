"""The ledger, and the figures read off it."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from pytest_overnight.records.ledger import Ledger
from pytest_overnight.records.ledger import read_events
from pytest_overnight.records.tally import tally


def write_some(folder: Path) -> Path:
    """A ledger of two rounds and two actions, one failed."""
    ticks = iter(range(100))
    ledger = Ledger(folder / "e.jsonl", folder / "l.log", clock=lambda: next(ticks))
    times = {"seconds": 2.0, "first_token_seconds": 0.5, "decode_seconds": 1.0}
    ledger.write("started", run_id="x")
    ledger.write("round", number=1, prompt_tokens=100, output_tokens=10, **times)
    ledger.write("action", ok=True, repaired=["name"], seconds=0.25)
    ledger.write("nudge", text="again?")
    ledger.write("wait", kind="infra", seconds=3.0)
    ledger.write("round", number=2, prompt_tokens=150, output_tokens=30, **times)
    ledger.write("action", ok=False, repaired=[], seconds=0.75)
    ledger.close()
    return folder / "e.jsonl"


def test_figures_are_what_was_written(tmp_path: Path) -> None:
    total = tally(read_events(write_some(tmp_path)))
    assert (total.rounds, total.actions, total.actions_failed) == (2, 2, 1)
    assert (total.prompt_tokens, total.output_tokens) == (250, 40)
    assert (total.max_prompt_tokens, total.nudges) == (150, 1)
    assert (total.llm_seconds, total.tool_seconds) == (4.0, 1.0)
    assert (total.infra_wait_seconds, total.actions_repaired) == (3.0, 1)
    assert total.tokens_per_second == 20.0
    assert total.time_to_first_action_seconds == 2


def test_the_file_for_people_holds_one_printable_line_an_event(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "e", tmp_path / "l")
    ledger.write("action", arguments={"content": "a\nb"}, text="\x1b[31mred\n" * 200)
    ledger.close()
    text = (tmp_path / "l").read_text()
    assert len(text.splitlines()) == 1
    assert "\x1b" not in text


@given(cut=st.integers(0, 900), tail=st.binary(max_size=20))
def test_a_torn_ledger_gives_its_whole_lines(cut: int, tail: bytes) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        file = write_some(Path(folder))
        whole = read_events(file)
        file.write_bytes(file.read_bytes()[:cut] + tail)
        found = read_events(file)
    kept = [event for event in found if event in whole]
    assert kept == whole[: len(kept)]
    tally(kept)
