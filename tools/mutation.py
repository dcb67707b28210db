"""How tight are the hidden tests? Plant one small fault at a time, and judge.

Cosmic Ray changes the files of a reference answer on disk, one mutation after the
other; the judge stops at the first hidden test that fails. Mutations of annotations
change nothing that runs, and are passed over. What survives is listed in
docs/reference/suite.md; the reason, written by a person into
docs/reference/mutation.json, stays there as long as the same mutation survives.

    make mutation                         every challenge; some minutes for each
    .venv/bin/python tools/mutation.py L3-1 L4-2
"""

from __future__ import annotations

import argparse
import ast
import datetime
import json
import random
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from cosmic_ray.commands.init import _all_work_items
from cosmic_ray.mutating import use_mutation
from cosmic_ray.plugins import get_operator
from cosmic_ray.work_item import MutationSpec

from pytest_overnight.catalog.challenge import Challenge
from pytest_overnight.catalog.harbor import tree_files
from pytest_overnight.commands.base import load
from pytest_overnight.grading.audit import lay_answer
from pytest_overnight.grading.verifier import Verifier
from pytest_overnight.rules.outcome import Verdict
from pytest_overnight.sandbox.probe import prove
from pytest_overnight.sandbox.runtime import prepare_runtime
from pytest_overnight.settings import default_suite

MOST = 100
"""Mutations of one challenge."""
SEED = 1
REFERENCE = Path(__file__).resolve().parent.parent / "docs/reference"
RESULTS = REFERENCE / "mutation.json"
PAGE = REFERENCE / "suite.md"
MISSING = "no reason given yet"

HEAD = f"""\
# How tight the hidden tests are

Up to {MOST} small faults a challenge were planted in its reference answer, one at a
time, drawn with seed {SEED} from all that
[Cosmic Ray](https://cosmic-ray.readthedocs.io) can make there; those in annotations
change nothing that runs and were passed over. A fault is *killed* when the hidden tests
fail. Made by `make mutation` from `mutation.json`.

| challenge | possible | tried | killed | equivalent | score | date |
| --- | ---: | ---: | ---: | ---: | ---: | --- |
"""
EXPLAINED = """
The score leaves out faults that a person found to be equivalent: no input can tell them
from the reference.
"""


@dataclass(frozen=True)
class Mutant:
    """One small fault."""

    spec: MutationSpec
    file: str
    """Relative to the workspace."""


def main() -> None:
    """Judge mutants of the challenges that are asked for, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("ids", metavar="ID", nargs="*", help="default: all challenges")
    parser.add_argument("--jobs", type=int, default=2, help="default: %(default)s")
    parser.add_argument("--page", action="store_true", help="write the page only")
    options = parser.parse_args()
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    known = load(default_suite(), options.ids)
    if not options.page:
        with ProcessPoolExecutor(options.jobs, max_tasks_per_child=1) as pool:
            for found in pool.map(judge_all, known):
                keep_reasons(results.get(found["id"]), found)
                results[found["id"]] = found
                text = json.dumps(results, indent=1, sort_keys=True, ensure_ascii=False)
                RESULTS.write_text(text + "\n", encoding="utf-8")
    PAGE.write_text(page(results), encoding="utf-8")
    print(PAGE.read_text(encoding="utf-8"))


def judge_all(challenge: Challenge) -> dict[str, Any]:
    """Plant and judge; what came out, as plain data."""
    level = prove("auto", prepare_runtime()).level
    with tempfile.TemporaryDirectory(prefix="overnight-mutation-") as name:
        folder = Path(name)
        answer = lay_answer(challenge, challenge.solution, folder / "answer")
        mutants = list(possible(challenge, answer))
        chosen = list(islice(drawn(mutants), MOST))
        verifier = Verifier([challenge], level=level, log=folder / "judge.txt")
        survivors = []
        try:
            for number, mutant in enumerate(chosen, 1):
                survivor = judge(challenge, verifier, answer, mutant, number)
                survivors += [survivor] if survivor else []
                word = "survived" if survivor else "killed"
                print(f"{challenge.id} {number}/{len(chosen)} {word}", flush=True)
        finally:
            verifier.close()
    return {
        "id": challenge.id,
        "digest": challenge.digest,
        "date": datetime.date.today().isoformat(),
        "possible": len(mutants),
        "tried": len(chosen),
        "survivors": survivors,
    }


def possible(challenge: Challenge, answer: Path) -> Iterator[Mutant]:
    """Every mutation of the reference's own modules."""
    for file, path in tree_files(challenge.solution):
        name = path.name
        if name.endswith(".py") and not name.startswith(("test_", "conftest")):
            for item in _all_work_items([answer / file], {}):
                yield Mutant(item.mutations[0], file)


def drawn(mutants: list[Mutant]) -> Iterator[Mutant]:
    """Those that change what runs, in an order drawn by the seed."""
    for mutant in random.Random(SEED).sample(mutants, len(mutants)):
        before = Path(mutant.spec.module_path).read_text(encoding="utf-8")
        try:
            with planted(mutant.spec) as after:
                changed = meaning(after or "")
        except AttributeError:  # Cosmic Ray 8.7 cannot mutate `except module.Error`
            continue
        if changed not in ("", meaning(before)):
            yield mutant


@contextmanager
def planted(spec: MutationSpec) -> Iterator[str | None]:
    """While the mutation is on disk; gives the changed text."""
    operator = get_operator(spec.operator_name)(**spec.operator_args)
    path = Path(spec.module_path)
    with use_mutation(path, operator, spec.occurrence) as (_, after):
        yield after


def meaning(text: str) -> str:
    """The code without annotations; empty where it is no code."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return ""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.returns = None
        elif isinstance(node, ast.arg):
            node.annotation = None
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            node.annotation = ast.Constant(None)
    return ast.dump(tree)


def judge(
    challenge: Challenge, verifier: Verifier, answer: Path, mutant: Mutant, seed: int
) -> dict[str, Any] | None:
    """What is to be known of a mutant that survives; None for one that is killed."""
    path = Path(mutant.spec.module_path)
    lines = path.read_text(encoding="utf-8").splitlines()
    with planted(mutant.spec) as after:
        shutil.rmtree(path.parent / "__pycache__", ignore_errors=True)
        judgement = verifier.verify(challenge, answer, seed, first=True)
    if judgement.verdict is Verdict.FAIL:
        return None
    if judgement.verdict is not Verdict.PASS:
        raise SystemExit(f"{challenge.id}: could not be judged: {judgement.detail}")
    line = mutant.spec.start_pos[0]
    changed = (after or "").splitlines()
    end = mutant.spec.end_pos[0] + len(changed) - len(lines)
    return {
        "file": mutant.file,
        "line": line,
        "was": "\n".join(lines[line - 1 : mutant.spec.end_pos[0]]).strip(),
        "now": "\n".join(changed[line - 1 : end]).strip(),
        "reason": MISSING,
        "equivalent": False,
    }


def keep_reasons(old: dict[str, Any] | None, new: dict[str, Any]) -> None:
    """A reason that a person gave holds for the same mutation of the same line."""
    known = {
        (s["file"], s["was"], s["now"]): (s["reason"], s["equivalent"])
        for s in (old or {}).get("survivors", [])
    }
    for one in new["survivors"]:
        key = (one["file"], one["was"], one["now"])
        if key in known:
            one["reason"], one["equivalent"] = known[key]


def page(results: dict[str, Any]) -> str:
    """The page for people."""
    text = HEAD
    for name, found in sorted(results.items()):
        survivors = found["survivors"]
        equivalent = sum(one["equivalent"] for one in survivors)
        killed = found["tried"] - len(survivors)
        score = killed / max(1, found["tried"] - equivalent)
        text += (
            f"| {name} | {found['possible']} | {found['tried']} | {killed} | "
            f"{equivalent} | {score:.0%} | {found['date']} |\n"
        )
    text += EXPLAINED
    for name, found in sorted(results.items()):
        text += f"\n## What survived in {name}\n\n" + (
            "".join(map(row, found["survivors"])) or "Nothing.\n"
        )
    return text


def row(survivor: dict[str, Any]) -> str:
    """One survivor, with the reason."""
    word = "equivalent: " if survivor["equivalent"] else ""
    was, now = (shown(survivor[key]) for key in ("was", "now"))
    place = f"{survivor['file']}:{survivor['line']}"
    return f"- `{place}` `{was}` → `{now}`: {word}{survivor['reason']}\n"


def shown(text: str) -> str:
    """On one line of a page."""
    return " ".join(text.split()).replace("`", "'")[:100]


if __name__ == "__main__":
    main()
