"""What the report says of the machine, and what it leaves unsaid."""

from __future__ import annotations

import re
from typing import Any

from pytest_overnight.records.record import RunRecord
from tests.records.test_drift import at
from tests.reporting.nights import Folder
from tests.reporting.nights import a_master
from tests.reporting.nights import a_run
from tests.reporting.nights import section

FACTS = {
    "cpu": "AMD EPYC 7B13 64-Core",
    "cpus": 16,
    "memory_bytes": 67_345_000_000,
    "system": "Linux 6.8.0-45-generic",
    "python": "3.11.9",
    "gpus": ["NVIDIA H100 80GB HBM3", "NVIDIA RTX_A2000"],
}


def said(folder: Folder, runs: list[RunRecord], facts: dict[str, Any] = FACTS) -> str:
    """The section, with its line breaks undone."""
    page = folder.lay(*runs, master=a_master({"L3": 99}, machine=facts)).report()
    return re.sub(r"\s+", " ", section(page, "Machine"))


def careful(folder: Folder) -> str:
    """The warnings at the top of the page."""
    top = section(folder.report(), "Executive summary")
    _, _, warnings = top.partition("**Careful**")
    return re.sub(r"\s+", " ", warnings)


def test_the_machine_is_named(folder: Folder) -> None:
    shown = said(folder, [a_run()])
    assert "- Processor: AMD EPYC 7B13 64-Core, 16 processors" in shown
    assert "- Memory: 67.3 GB" in shown
    assert "- GPU: NVIDIA H100 80GB HBM3, NVIDIA RTX_A2000" in shown
    assert "- System: Linux 6.8.0-45-generic, Python 3.11.9" in shown
    assert "Speed" not in shown
    assert careful(folder) == ""


def test_without_data_it_says_so(folder: Folder) -> None:
    page = folder.lay(a_run(), master=a_master({"L3": 1})).report()
    assert section(page, "Machine").strip() == "Nothing is recorded of it."
    assert "Careful" not in page


def test_a_night_without_a_master_log_tells_what_its_runs_do(folder: Folder) -> None:
    runs = [at(number, 40.0, state={}) for number in range(9)]
    page = folder.lay(*runs).report()
    assert "40.0 tokens/s" in section(page, "Machine")
    assert "Processor" not in page


def test_facts_that_somebody_edited_stay_text(folder: Folder) -> None:
    facts = {"cpu": "[x](y) <b>", "cpus": [], "memory_bytes": "much", "gpus": 7}
    shown = said(folder, [a_run()], facts)
    assert shown.strip() == r"- Processor: \[x\](y) &lt;b&gt;"


def test_a_steady_night_is_told_in_figures_without_a_warning(folder: Folder) -> None:
    state = {"gpu_share": 1.0, "available_memory_bytes": 20 * 10**9}
    runs = [at(n, 41.0 + n % 3, state=state) for n in range(15)]
    shown = said(folder, runs)
    assert "42.0 tokens/s in the first third of the runs (median of 5)" in shown
    assert "no clear trend (Spearman's rho" in shown
    assert "In GPU memory: all of the model as 15 runs began" in shown
    assert "free on the results' disk as a run began: 10.0 GB, [L3-1-run-0001]" in shown
    assert (
        "memory available as a run began: 20.0 GB, [L3-1-run-0001] (22:00 UTC)" in shown
    )
    assert careful(folder) == ""


def test_a_night_that_grew_slow_is_warned_of_at_the_top(folder: Folder) -> None:
    shown = said(folder, [at(n, 60.0 - 3 * n) for n in range(15)])
    assert "54.0 tokens/s in the first third" in shown
    assert "24.0 in the last (median of 5)" in shown
    assert "later runs were slower (Spearman's rho -1.00, p < 0.01" in shown
    assert "The model was 56 % slower in the last third" in careful(folder)


def test_a_model_that_left_the_gpu_is_warned_of_with_the_hour(folder: Folder) -> None:
    shares = [1.0, 1.0, 0.62, 0.7]
    runs = [at(n, state={"gpu_share": share}) for n, share in enumerate(shares)]
    assert "In GPU memory: 62 % to 100 % of the model as 4 runs" in said(folder, runs)
    warning = careful(folder)
    assert "At the least 62 % of the model lay in GPU memory" in warning
    assert "It fell first before [L3-1-run-0003] (22:02 UTC)." in warning


def test_a_model_that_never_was_on_a_gpu_did_not_fall(folder: Folder) -> None:
    runs = [at(n, state={"gpu_share": 0.0}) for n in range(3)]
    assert "In GPU memory: nothing of the model" in said(folder, runs)
    warning = careful(folder)
    assert "The model did not lie in GPU memory at all" in warning
    assert "fell" not in warning


def test_the_link_of_a_run_leads_to_its_record(folder: Folder) -> None:
    folder.lay(*[at(n, state={}) for n in range(2)], master=a_master({"L3": 2}))
    assert "[L3-1-run-0001]: runs/L3-1-run-0001.json" in folder.report()
