"""The machine: what it is made of, and what is free on it as a run begins.

Linux tells most of it in ``/proc``. What a system does not say is left out, never
guessed.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from pytest_overnight.records.record import MachineState
from pytest_overnight.settings import Settings

GB = 10**9
"""Bytes of what options and messages call a GB."""
MEMORY = Path("/proc/meminfo")
PROCESSORS = Path("/proc/cpuinfo")
GPU_SECONDS = 5.0
"""A driver that hangs must not hold up a night."""


def read_machine(settings: Settings) -> MachineState:
    """The machine as a run begins; takes a question to the server where it has one."""
    return MachineState(
        free_disk_bytes=free_disk(settings.results),
        available_memory_bytes=available_memory(),
        load=_load(),
        gpu_share=_gpu_share(settings),
    )


def free_disk(folder: Path) -> int:
    """Bytes that we may still write on the disk that ``folder`` lies on.

    Of a folder that is gone: on the disk that it would be made on. 0 where nothing
    can be found out: then nothing can be written either.
    """
    for place in (folder, *folder.parents):
        try:
            return shutil.disk_usage(place).free
        except OSError:
            continue
    return 0


def available_memory(table: Path = MEMORY) -> int | None:
    """Bytes that programs can get without the machine swapping; ``None``: unknown."""
    return _memory(table, "MemAvailable")


def _memory(table: Path, name: str) -> int | None:
    """A line of ``/proc/meminfo``: ``MemAvailable:   12345678 kB``."""
    found = re.search(rf"^{name}:\s*(\d+) kB$", _text(table), re.MULTILINE)
    return int(found[1]) * 1024 if found else None


def _load() -> float:
    try:
        return round(os.getloadavg()[0], 2)
    except OSError:
        return 0.0


def _gpu_share(settings: Settings) -> float | None:
    if settings.agent != "ollama":
        return None
    # Loads an HTTP client, which scripted nights have no use for.
    from pytest_overnight.models.ollama_server import live_model

    live = live_model(settings.host, settings.model)
    return live.gpu_share if live else None


def machine_facts(
    memory: Path = MEMORY, processors: Path = PROCESSORS
) -> dict[str, Any]:
    """What two machines differ by, for the master log; unknown is left out.

    ``cpu``, ``cpus`` (that we may use), ``memory_bytes``, ``system``, ``python``,
    ``gpus``. Takes a moment where there is a GPU: once a session.
    """
    facts = {
        "cpu": _processor(processors),
        "cpus": _processors(),
        "memory_bytes": _memory(memory, "MemTotal"),
        "system": f"{platform.system()} {platform.release()}".strip(),
        "python": platform.python_version(),
        "gpus": gpu_names(),
    }
    return {name: value for name, value in facts.items() if value}


def _processor(table: Path) -> str:
    """Of the first one; ARM tells a model of the board, if any."""
    for name in ("model name", "Model"):
        found = re.search(rf"^{name}\s*: (.+)$", _text(table), re.MULTILINE)
        if found:
            return " ".join(found[1].split())
    return platform.processor() or platform.machine()


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 0


def gpu_names(program: str = "nvidia-smi", seconds: float = GPU_SECONDS) -> list[str]:
    """``NVIDIA GeForce RTX 4090`` …, as the driver names them; empty: none, unknown.

    Serial numbers are left out. ``program`` is looked for on ``PATH``.
    """
    found = shutil.which(program)
    told = _said_by([found, "-L"], seconds) if found else ""
    lines = re.findall(r"^GPU \d+: (.+?)(?: \(UUID: .*\))?$", told, re.MULTILINE)
    return [line.strip() for line in lines]


def _said_by(argv: list[str], seconds: float) -> str:
    """What a program prints; empty where it fails, or takes longer."""
    quiet = subprocess.DEVNULL
    try:
        process = subprocess.Popen(
            argv, stdin=quiet, stdout=subprocess.PIPE, stderr=quiet
        )
    except OSError:
        return ""
    assert process.stdout is not None
    try:
        said, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        # Not waited for: what hangs in a driver cannot even be killed.
        process.kill()
        process.stdout.close()
        return ""
    return said.decode(errors="replace") if process.returncode == 0 else ""


def _text(table: Path) -> str:
    try:
        return table.read_text(errors="replace")
    except OSError:
        return ""
