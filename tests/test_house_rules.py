"""The house rules: which room may lean on which, read from the imports themselves.

``docs/architecture.md`` says why. An import inside a function or under
``TYPE_CHECKING`` counts like any other.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "pytest_overnight"

FRONT = {
    "__main__",
    "cli",
    "commands",
    "controller",
    "dry_run",
    "inifile",
    "night",
    "options",
    "orchestration",
    "plugin",
    "preflight",
    "progress",
    "selection",
    "suite",
}
HEART = {
    "arena",
    "breaker",
    "endings",
    "housekeeping",
    "machine",
    "recording",
    "recovery",
    "resources",
    "session",
    "surroundings",
    "workspace",
}
WINGS = {"agents", "catalog", "grading", "models", "reporting", "sandbox"}
GROUND = {"records", "rules", "settings", "__init__"}

WING_TO_WING = {
    "agents": {"models", "sandbox", "catalog"},
    "grading": {"sandbox", "catalog"},
}
"""The only edges between wings."""

ADAPTERS = {
    "_ctypes": ("pytest_overnight/sandbox/",),
    "ctypes": ("pytest_overnight/sandbox/",),
    "httpx": (
        "pytest_overnight/models/connection.py",
        "pytest_overnight/models/faults.py",
        "pytest_overnight/models/ollama_server.py",
        "hrm_jepa/llm.py",
    ),
    "ollama": (
        "pytest_overnight/models/faults.py",
        "pytest_overnight/models/ollama.py",
        "hrm_jepa/llm.py",
    ),
    "matplotlib": ("pytest_overnight/reporting/plots", "hrm_jepa/"),
    "rich": (
        "pytest_overnight/commands/",
        "pytest_overnight/orchestration/",
        "pytest_overnight/reporting/",
    ),
    "torch": ("hrm_jepa/",),
}
"""Foreign package → the only places that may know it."""

PYTEST = {"pytest", "_pytest", "pluggy", "xdist"}
PYTEST_ROOMS = {f"{room}.py" for room in FRONT} | {"grading/fixtures.py"}

HEAVY = {"matplotlib", "numpy", "ollama", "pydantic", "rich", "scipy", "torch"}


def modules_of(*folders: str) -> list[Path]:
    """Every Python file of these top-level folders."""
    return sorted(path for name in folders for path in (ROOT / name).rglob("*.py"))


def imports_of(path: Path) -> Iterator[str]:
    """Every module and every imported name of one file, as absolute dotted names."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*above, *filter(None, [node.module])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


def room_of(dotted: str) -> str | None:
    """``agents`` of ``pytest_overnight.agents.tools``; ``None`` outside the house."""
    parts = dotted.split(".")
    if parts[0] != "pytest_overnight":
        return None
    known = FRONT | HEART | WINGS | GROUND
    # `from pytest_overnight import __version__` is a name, not a room.
    return parts[1] if len(parts) > 1 and parts[1] in known else "__init__"


def allowed_from(room: str) -> set[str]:
    """Rooms that ``room`` may lean on."""
    if room in GROUND:
        return GROUND
    if room in WINGS:
        return GROUND | {room} | WING_TO_WING.get(room, set())
    if room in HEART:
        return GROUND | WINGS | HEART
    return GROUND | WINGS | HEART | FRONT


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", modules_of("pytest_overnight"), ids=shown)
def test_a_room_leans_only_on_what_it_may(path: Path) -> None:
    room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    assert room in FRONT | HEART | WINGS | GROUND, "a new room: give it its floor here"
    leans_on = {inside for name in imports_of(path) if (inside := room_of(name))}
    assert leans_on <= allowed_from(room)


def test_pytest_is_known_in_front_and_to_the_hidden_tests_fixtures_only() -> None:
    knowing = {
        path.relative_to(PACKAGE).as_posix()
        for path in modules_of("pytest_overnight")
        if any(name.split(".")[0] in PYTEST for name in imports_of(path))
    }
    assert knowing <= PYTEST_ROOMS


@pytest.mark.parametrize("foreign", sorted(ADAPTERS))
def test_a_foreign_package_has_one_adapter(foreign: str) -> None:
    strangers = [
        shown(path)
        for path in modules_of("pytest_overnight", "hrm_jepa")
        if any(name.split(".")[0] == foreign for name in imports_of(path))
        and not shown(path).startswith(ADAPTERS[foreign])
    ]
    assert strangers == []


@pytest.mark.parametrize("path", modules_of("hrm_jepa"), ids=shown)
def test_the_model_package_knows_nothing_of_the_harness(path: Path) -> None:
    tops = {name.split(".")[0] for name in imports_of(path)}
    assert not tops & (PYTEST | {"pytest_overnight", "hrm_tasks"})


def test_loading_the_plugin_imports_nothing_heavy() -> None:
    script = (
        "import json, sys; import pytest; before = set(sys.modules);"
        "import pytest_overnight.plugin; print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=True
    )
    assert not HEAVY & {name.split(".")[0] for name in json.loads(done.stdout)}


def test_every_way_of_loading_the_plugin_asks_for_the_same_name() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    entry_points = project["project"]["entry-points"]["pytest11"]
    conftest = ast.parse((ROOT / "conftest.py").read_text(encoding="utf-8"))
    [loaded] = [
        ast.literal_eval(node.value)
        for node in conftest.body
        if isinstance(node, ast.Assign)
        and ast.unparse(node.targets[0]) == "pytest_plugins"
    ]
    assert entry_points == {"pytest_overnight.plugin": "pytest_overnight.plugin"}
    assert "pytest_overnight.plugin" in loaded


def test_below_a_challenge_folder_nothing_is_collected() -> None:
    folders = [str(path) for path in sorted((ROOT / "challenges").iterdir())]
    collect = [sys.executable, "-m", "pytest", "--collect-only", "-q"]
    collect += ["-p", "no:cacheprovider", *folders]
    done = subprocess.run(collect, cwd=ROOT, capture_output=True, text=True)
    # The one case is test_challenges.py's own, left out since nobody asks for a night.
    assert "no tests collected (1 deselected)" in done.stdout


SKIPPED = {"__pycache__", "build", "dist", "overnight_results"}
"""Folders that are not part of the repository; neither are those with a dot."""

SOMEONES_MACHINE = re.compile(
    r"(?<![\w.~/-])/(?:root|home|Users|work|builds|workspace)/[\w.]"
)


def repository_texts() -> Iterator[Path]:
    """Every text file that is kept; pictures and archives are not text."""
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        hidden = any(part.startswith(".") and part != ".ci" for part in parts[:-1])
        if path.is_file() and not hidden and not SKIPPED & set(parts):
            yield path


def test_no_file_names_a_path_of_the_machine_it_was_written_on() -> None:
    places = [str(ROOT) + "/"] if len(ROOT.parts) > 2 else []
    found = []
    for path in repository_texts():
        text = path.read_bytes().decode("utf-8", errors="ignore")
        for number, line in enumerate(text.splitlines(), 1):
            if SOMEONES_MACHINE.search(line) or any(p in line for p in places):
                found.append(f"{shown(path)}:{number}: {line.strip()[:100]}")
    assert found == []
