"""What is read off the machine, and what is left out where it does not say."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from pytest_overnight import machine
from pytest_overnight.models import ollama_server
from pytest_overnight.models.ollama_server import LiveModel
from pytest_overnight.models.ollama_server import live_model
from pytest_overnight.settings import Settings
from tests.models.talk import NAME
from tests.models.talk import NOBODY
from tests.models.test_ollama_server import always_saying
from tests.support.ollama_server import Loaded
from tests.support.ollama_server import OllamaServer

MEMORY = """\
MemTotal:       65767584 kB
MemFree:         1226180 kB
MemAvailable:   31457280 kB
HugePages_Total:       0
"""
X86 = "processor\t: 0\nmodel name\t: AMD  EPYC 7B13\nmodel name\t: another\n"
ARM = "processor\t: 0\nBogoMIPS\t: 108.00\nModel\t\t: Raspberry Pi 5 Model B\n"
ROWS = (
    "GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-6b2e1c1a-0000)\n"
    "GPU 1: NVIDIA RTX A2000 (UUID: GPU-77)\n"
    "  MIG 1g.10gb Device 0: (UUID: MIG-1)\n"
)


def settings(folder: Path, **changes: Any) -> Settings:
    """Of a night with results in ``folder``."""
    return Settings(results=folder, suite=folder, session_id="s", **changes)


def table(folder: Path, content: str) -> Path:
    """A file such as those of ``/proc``."""
    path = folder / "table"
    path.write_text(content)
    return path


# -- before each run -----------------------------------------------------------------


def test_this_machine_is_read(tmp_path: Path) -> None:
    state = machine.read_machine(settings(tmp_path, agent="rehearsal"))
    assert abs(state.free_disk_bytes - shutil.disk_usage(tmp_path).free) < machine.GB
    assert state.load >= 0
    assert state.gpu_share is None
    if machine.MEMORY.exists():
        assert state.available_memory_bytes is not None
        assert state.available_memory_bytes > 1 << 20


def test_a_results_folder_that_is_gone_has_the_disk_it_would_be_made_on(
    tmp_path: Path,
) -> None:
    gone = tmp_path / "no" / "such" / "folder"
    assert machine.free_disk(gone) > 0


def test_available_memory_is_in_bytes(tmp_path: Path) -> None:
    assert machine.available_memory(table(tmp_path, MEMORY)) == 31457280 * 1024


@pytest.mark.parametrize("content", ["", "MemFree: 5 kB\n", "MemAvailable: lots\n"])
def test_memory_that_is_not_told_is_not_guessed(tmp_path: Path, content: str) -> None:
    assert machine.available_memory(table(tmp_path, content)) is None
    assert machine.available_memory(tmp_path / "missing") is None


# -- the loaded model ----------------------------------------------------------------


@pytest.mark.needs("ollama-client")
def test_the_gpu_share_is_of_the_loaded_model(tmp_path: Path) -> None:
    with OllamaServer() as server:
        night = settings(tmp_path, agent="ollama", model=NAME, host=server.url)
        assert machine.read_machine(night).gpu_share is None  # nothing is loaded yet
        server.loaded[NAME] = Loaded(8192)
        assert machine.read_machine(night).gpu_share == 1.0
        assert live_model(server.url, NAME) == LiveModel(8192, 1.0)
        assert live_model(server.url, "llama3:8b") is None
    assert live_model(NOBODY, NAME) is None


@pytest.mark.needs("ollama-client")
@pytest.mark.parametrize(
    ("sizes", "share"),
    [
        ({"size": 1000, "size_vram": 620}, 0.62),
        ({"size": 1000, "size_vram": 0}, 0.0),
        ({"size": 1000, "size_vram": 1200}, 1.0),
        ({"size": 1000}, None),
        ({"size": 0, "size_vram": 0}, None),
        ({"size": "1000", "size_vram": 620}, None),
        ({}, None),
    ],
)
def test_a_share_that_is_not_told_is_not_guessed(
    sizes: dict[str, Any], share: float | None
) -> None:
    row = {"name": NAME, "context_length": 4096, **sizes}
    with always_saying({"models": [row]}) as url:
        live = live_model(url, NAME)
        assert live == LiveModel(4096, share)
        assert ollama_server.live_window(url, NAME) == 4096


# -- once a session ------------------------------------------------------------------


def test_facts_are_plain_and_nothing_unknown_is_among_them(tmp_path: Path) -> None:
    facts = machine.machine_facts(table(tmp_path, MEMORY))
    assert facts["memory_bytes"] == 65767584 * 1024
    assert facts["cpus"] >= 1
    assert facts["python"].count(".") >= 1
    assert all(facts.values())
    nothing = machine.machine_facts(tmp_path / "missing", tmp_path / "missing")
    assert "memory_bytes" not in nothing


@pytest.mark.parametrize(
    ("content", "name"), [(X86, "AMD EPYC 7B13"), (ARM, "Raspberry Pi 5 Model B")]
)
def test_the_processor_is_named(tmp_path: Path, content: str, name: str) -> None:
    assert machine.machine_facts(processors=table(tmp_path, content))["cpu"] == name


def driver(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """A program of the driver's name on the path."""
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")


def test_gpus_are_named_without_their_serial_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table(tmp_path, ROWS)
    driver(tmp_path, monkeypatch, f"cat {tmp_path}/table")
    names = ["NVIDIA H100 80GB HBM3", "NVIDIA RTX A2000"]
    assert machine.gpu_names() == names
    assert machine.machine_facts()["gpus"] == names


@pytest.mark.parametrize(
    "script", ["echo 'No devices were found'; exit 6", "exec sleep 600"]
)
def test_a_driver_that_fails_or_hangs_costs_nothing_but_its_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    driver(tmp_path, monkeypatch, script)
    assert machine.gpu_names(seconds=0.2) == []


def test_a_machine_without_the_driver_has_no_gpus_to_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert machine.gpu_names() == []
