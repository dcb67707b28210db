"""Is the machine fit for the night: disk, memory, GPU, clock."""

from __future__ import annotations

from datetime import datetime
from datetime import timedelta

from pytest_overnight.orchestration.budget import ENDLESS
from pytest_overnight.orchestration.budget import shown
from pytest_overnight.orchestration.row import Row
from pytest_overnight.settings import Settings

KEPT_GB = 0.1
"""Most that is kept of one run: 50 MB in its snapshot, 50 MB unpacked."""
USUAL_GB = 0.001
"""What is kept of a usual one, logs and all."""
YEARS = range(2025, 2100)
UNKNOWN_HOURS = 12.0
"""A night whose end is not set is looked at so far ahead."""


def disk_row(settings: Settings, runs: int) -> Row:
    """Free space against what must stay free, and what the night may need."""
    from pytest_overnight.machine import GB
    from pytest_overnight.machine import free_disk

    free = free_disk(settings.results) / GB
    least, most = settings.min_free_disk, runs * KEPT_GB
    text = f"{_gb(free)} free"
    if free < least:
        advice = (
            f"The night does not start below {least:g} GB: make room, or name another "
            "disk with --overnight-results, or another limit with "
            "--overnight-min-free-disk."
        )
        return Row("disk", "FAIL", text, advice)
    text += f"; {runs} runs keep some {_gb(runs * USUAL_GB)}, at most {_gb(most)}"
    if free - least < most:
        advice = f"Enough for usual runs; the night ends below {least:g} GB."
        return Row("disk", "warn", text, advice)
    return Row("disk", "ok", text)


def _gb(size: float) -> str:
    if size < 0.1:
        return f"{1000 * size:.0f} MB"
    return f"{size:.0f} GB" if size >= 10 else f"{size:.1f} GB"


def memory_row(settings: Settings) -> Row:
    """Available memory against what a run must find."""
    from pytest_overnight.machine import GB
    from pytest_overnight.machine import available_memory

    free = available_memory()
    if free is None:
        return Row("memory", "ok", "not known on this system")
    least = settings.min_free_memory
    text = f"{_gb(free / GB)} available"
    if free < least * GB:
        advice = (
            f"Runs wait until there are {least:g} GB: end other programs, or set "
            "--overnight-min-free-memory."
        )
        return Row("memory", "FAIL", text, advice)
    return Row("memory", "ok", text)


def sandbox_row(settings: Settings) -> Row:
    """The level that a self-test proves, as the night itself will have it."""
    from pytest_overnight.sandbox.box import BoxError
    from pytest_overnight.sandbox.probe import prove
    from pytest_overnight.sandbox.runtime import prepare_runtime

    hidden, required = (settings.suite,), settings.required_sandbox
    try:
        report = prove(settings.sandbox, prepare_runtime(), hidden, required)
    except BoxError as problem:
        return Row("sandbox", "FAIL", str(problem))
    text = report.line().removeprefix("sandbox: ")
    if report.protected:
        return Row("sandbox", "ok", text)
    advice = "Results are marked unprotected. Install bubblewrap for walls."
    return Row("sandbox", "warn", text, advice)


def gpu_row() -> Row:
    """The GPUs that the driver names."""
    from pytest_overnight.machine import gpu_names

    return Row("GPU", "ok", ", ".join(gpu_names()) or "none seen")


def clock_row(settings: Settings, seconds: float, now: datetime) -> Row:
    """Evening, local time, end, and whether the clocks change on the way.

    ``now`` bears a time zone; ``seconds`` until the end.
    """
    local = now.astimezone()
    known = seconds < ENDLESS
    ahead = timedelta(seconds=seconds if known else UNKNOWN_HOURS * 3600)
    end = (now + ahead).astimezone()
    text = f"{local:%a %d %b %Y %H:%M %Z}, session {settings.session_id}"
    text += f"; until {end:%a %H:%M}, {shown(seconds)}" if known else "; no end is set"
    if local.year not in YEARS:
        advice = "Records will bear this date. Set the clock: timedatectl set-ntp true"
        return Row("clock", "warn", text, advice)
    if local.utcoffset() != end.utcoffset():
        text += "; the clocks change in this night"
        return Row("clock", "warn", text, "Nothing to do: durations are not touched.")
    return Row("clock", "ok", text)
