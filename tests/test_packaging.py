"""What a user gets who installs the wheel, built as a release is: from the sdist."""

from __future__ import annotations

import email
import json
import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import pytest_overnight

ROOT = Path(__file__).resolve().parent.parent
NAME = f"pytest_overnight-{pytest_overnight.__version__}"
FOLDERS = (
    "benchmarks",
    "challenges",
    "docs",
    "hrm_jepa",
    "hrm_tasks",
    "pytest_overnight",
    "reports",
    "tests",
)

pytestmark = pytest.mark.needs("wheel")


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """One command that must succeed, without the variables of this test session."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PY", "VIRTUAL"))}
    done = subprocess.run(command, cwd=cwd, env=kept, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel made of it; nothing is downloaded."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder)]
    run(*build, cwd=ROOT)
    return folder


@pytest.fixture(scope="session")
def wheel(built: Path) -> Path:
    return built / f"{NAME}-py3-none-any.whl"


@pytest.fixture(scope="session")
def wheel_files(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def data_files(folder: str) -> Iterator[str]:
    """Every file of a top-level folder but the caches."""
    for path in (ROOT / folder).rglob("*"):
        parts = path.relative_to(ROOT).parts
        if path.is_file() and "__pycache__" not in parts:
            yield "/".join(parts)


def test_the_wheel_carries_the_suite(wheel_files: set[str]) -> None:
    there = {f"pytest_overnight/_suite/{f[11:]}" for f in data_files("challenges")}
    assert there <= wheel_files
    assert any(name.endswith("/task.toml") for name in there)


def test_the_wheel_carries_the_report_templates_alone(wheel_files: set[str]) -> None:
    kept = {f for f in wheel_files if f.startswith("pytest_overnight/_reports/")}
    there = {
        f"pytest_overnight/_reports/{name[8:]}"
        for name in data_files("reports")
        if not name.startswith("reports/sample/")
    }
    assert there
    assert kept == there


def test_the_wheel_brings_two_packages_and_no_folder_of_a_common_name(
    wheel_files: set[str],
) -> None:
    tops = {name.partition("/")[0] for name in wheel_files}
    assert tops == {"pytest_overnight", "hrm_jepa", f"{NAME}.dist-info"}


def test_the_wheel_says_what_it_is(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        metadata = archive.read(f"{NAME}.dist-info/METADATA").decode()
        entry_points = archive.read(f"{NAME}.dist-info/entry_points.txt").decode()
    fields = email.message_from_string(metadata)
    assert fields["License-Expression"] == "MIT"
    assert fields["Requires-Python"] == ">=3.11"
    extras = set(fields.get_all("Provides-Extra") or ())
    assert extras == {"all", "dev", "hrm", "mutation", "test"}
    assert "pytest_overnight.plugin = pytest_overnight.plugin" in entry_points
    assert "pytest-overnight = pytest_overnight.cli:main" in entry_points


def test_the_sdist_is_complete(built: Path) -> None:
    with tarfile.open(built / f"{NAME}.tar.gz") as archive:
        files = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {name for folder in FOLDERS for name in data_files(folder)}
    wanted |= {"LICENSE", "Makefile", "README.md", "conftest.py", "constraints.txt"}
    assert wanted <= files


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``bin/`` of an environment with the wheel; dependencies are lent by this one.

    They come by a ``.pth`` line, which does not follow an editable installation to
    the checkout: nothing of it can be imported there.
    """
    home = tmp_path_factory.mktemp("environment")
    venv.create(home, with_pip=False)
    python = home / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install"]
    run(*pip, "--quiet", "--no-deps", "--no-index", wheel, cwd=home)
    site = sysconfig.get_path("purelib", vars={"base": str(home)})
    lent = sysconfig.get_path("purelib")
    Path(site, "lent.pth").write_text(f"{lent}\n", encoding="utf-8")
    return home / "bin"


def test_an_installed_plugin_needs_no_checkout(installed: Path, tmp_path: Path) -> None:
    where = "import pytest_overnight as p; print(p.__file__)"
    found = run(installed / "python", "-c", where, cwd=tmp_path).stdout
    assert Path(found).is_relative_to(installed.parent)
    shown = run(installed / "python", "-m", "pytest", "--help", cwd=tmp_path).stdout
    assert "--challenge" in shown


def test_an_installed_plugin_runs_a_challenge(installed: Path, tmp_path: Path) -> None:
    command = [installed / "python", "-m", "pytest", "--challenge", "L3-2"]
    run(*command, "--count", "1", "--agent", "oracle", cwd=tmp_path)
    record = tmp_path / "overnight_results" / "runs" / "L3-2-run-0001.json"
    assert json.loads(record.read_text(encoding="utf-8"))["outcome"] == "passed"


def test_the_console_script_is_there(installed: Path, tmp_path: Path) -> None:
    shown = run(installed / "pytest-overnight", "--help", cwd=tmp_path).stdout
    assert "usage: pytest-overnight" in shown
