"""What a round of the built-in agent costs in CPU, beside what no client could save.

    python benchmarks/loop.py [--repeats 7] [--rounds 36]

A round: one streamed answer of a loopback server (a process of its own, not counted)
with one call, in turns a write, a read, an edit and a listing, carried out in a box at
the process level; ledger, loop rules and workspace digest as in a night. The *floor* is
the same requests, sent by Ollama's bare client, its answers thrown away. Loop and floor
alternate within a repeat; *own* is the median over repeats of their difference.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from collections.abc import Sequence
from contextlib import closing
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from pytest_overnight.agents.task import LoopLimits  # noqa: E402
from pytest_overnight.agents.task import Task  # noqa: E402
from pytest_overnight.agents.tool_loop import run_tool_loop  # noqa: E402
from pytest_overnight.agents.tools import schemas  # noqa: E402
from pytest_overnight.models.base import Message  # noqa: E402
from pytest_overnight.models.base import Turn  # noqa: E402
from pytest_overnight.models.ollama import OllamaModel  # noqa: E402
from pytest_overnight.records.ledger import Ledger  # noqa: E402
from pytest_overnight.sandbox.box import BoxPlan  # noqa: E402
from pytest_overnight.sandbox.open import open_box  # noqa: E402
from pytest_overnight.sandbox.runtime import prepare_runtime  # noqa: E402

TARGET_MS = 10.0
WORDS = "token " * 60
SOURCE = "".join(f"def part_{n}():\n    return {n}\n\n\n" for n in range(30))


def turns(rounds: int) -> list[dict[str, Any]]:
    """``rounds`` answers with one call each; the last one finishes."""
    cycle = (
        lambda n: ("write_file", {"path": f"part_{n}.py", "content": SOURCE}),
        lambda n: ("read_file", {"path": f"part_{n - 1}.py"}),
        lambda n: (
            "edit_file",
            {
                "path": f"part_{n - 2}.py",
                "old_text": "    return 7\n",
                "new_text": f"    return {n}00\n",
            },
        ),
        lambda n: ("list_files", {"path": "."}),
    )
    calls = [cycle[n % 4](n) for n in range(rounds - 1)]
    calls.append(("finish", {"summary": "done", "status": "done"}))
    return [
        {"content": WORDS, "tool_calls": [{"name": name, "arguments": arguments}]}
        for name, arguments in calls
    ]


class Recorder:
    """A model that keeps what it was asked, for the floor to ask again."""

    def __init__(self, model: OllamaModel) -> None:
        self.name = model.name
        self._model = model
        self.asked: list[list[Message]] = []

    def chat(
        self,
        messages: list[Message],
        tools: list[dict[str, Any]],
        deadline: float,
        *,
        stop: Sequence[str] = (),
    ) -> Turn:
        """Pass it on."""
        self.asked.append(list(messages))
        return self._model.chat(messages, tools, deadline, stop=stop)


@contextmanager
def model_server(folder: Path, rounds: int, plays: int) -> Iterator[str]:
    """A loopback server with turns for ``plays`` conversations."""
    script = folder / "script.json"
    script.write_text(json.dumps(turns(rounds) * plays))
    argv = [sys.executable, "-m", "tests.support.ollama_server"]
    argv += ["--script", str(script)]
    server = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    try:
        yield server.stdout.readline().split()[-1]
    finally:
        server.kill()
        server.wait()


def cpu() -> float:
    """User and system milliseconds of this process and its ended children."""
    both = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in both) * 1000


def play(folder: Path, url: str, rounds: int) -> tuple[float, list[list[Message]]]:
    """CPU of one conversation through the whole loop, and its requests."""
    workspace = folder / "workspace"
    subprocess.run(["rm", "-rf", str(workspace)], check=True)
    workspace.mkdir()
    runtime = prepare_runtime()
    model = OllamaModel(
        "gpt-oss:20b",
        url,
        num_ctx=65536,
        num_predict=1024,
        temperature=None,
        think=None,
        seed=1,
    )
    recorder = Recorder(model)
    ledger = Ledger(folder / "events.jsonl", folder / "ledger.log")
    plan = BoxPlan(level="process", workspace=workspace)
    empty = cpu()
    open_box(plan, runtime).close()  # paid once a run, not once a round
    empty = cpu() - empty
    before = cpu()
    with closing(model), closing(ledger), closing(open_box(plan, runtime)) as box:
        limits = LoopLimits(600.0, max_rounds=99, max_actions=99, window=65536)
        task = Task("Work.", recorder, box, ledger, limits, workspace=workspace)
        result = run_tool_loop(task)
    spent = cpu() - before - empty
    if result.rounds != rounds:
        raise SystemExit(f"{result.rounds} of {rounds} rounds: {result.detail}")
    return spent, recorder.asked


def floor(url: str, requests: list[list[Message]]) -> float:
    """CPU of the same requests through the bare client."""
    import ollama

    client = ollama.Client(host=url, trust_env=False, verify=False)
    before = cpu()
    for messages in requests:
        chunks = client.chat(
            "gpt-oss:20b",
            messages,
            tools=schemas(),
            stream=True,
            options={"num_ctx": 65536, "num_predict": 1024},
        )
        for _ in chunks:
            pass
    return cpu() - before


def main() -> int:
    """Print loop, floor and own milliseconds a round; status 1 above the target."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--rounds", type=int, default=36)
    options = parser.parse_args()
    loops, floors = [], []
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)  # as root, what the box runs is another user
        plays = 2 * (options.repeats + 1)
        with model_server(folder, options.rounds, plays) as url:
            for repeat in range(options.repeats + 1):
                spent, requests = play(folder, url, options.rounds)
                least = floor(url, requests)
                if repeat:  # the first one imports and warms up
                    loops.append(spent / options.rounds)
                    floors.append(least / options.rounds)
                time.sleep(0.05)
    pairs = zip(loops, floors, strict=True)
    own = statistics.median(loop - least for loop, least in pairs)
    print(f"rounds {options.rounds}, repeats {options.repeats}, load {load:.1f}")
    print(f"loop   {statistics.median(loops):6.2f} ms CPU a round")
    print(f"floor  {statistics.median(floors):6.2f} ms CPU a round")
    print(f"own    {own:6.2f} ms CPU a round (target {TARGET_MS:g})")
    return 1 if own > TARGET_MS else 0


if __name__ == "__main__":
    sys.exit(main())
