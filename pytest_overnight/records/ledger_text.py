"""A ledger for people: each event as a few lines of at most 96 columns.

What the agent said or saw never begins a line: a stamp or a margin stands before it, so
that no text of its making can pass for an event.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from collections.abc import Iterable
from typing import Any

from pytest_overnight.records.events import Event
from pytest_overnight.records.events import figure
from pytest_overnight.records.events import text
from pytest_overnight.records.events import texts
from pytest_overnight.records.plain import shortened

WIDTH = 96
"""Columns of a line."""
MARGIN = "          "
"""As wide as a stamp with its blanks."""
ROOM = WIDTH - len(MARGIN)
CONTENT_LINES, THINKING_LINES = 3, 2
"""First lines shown of what the agent said and thought; machines get it all."""
MAIN_ARGUMENTS = ("path", "command", "summary")
"""What a call is told by, in this order; else by all of its arguments."""

WAITS = {
    "infra": "the model server",
    "rate": "the rate limit",
    "suspend": "sleep",
    "load": "the model to be loaded",
}


def block(now: float, event: str, fields: Event) -> str:
    """The lines of one event, whole: stamped with local time, ended by a line break."""
    stamp = time.strftime("%H:%M:%S  ", time.localtime(now))
    shown = ""
    for line in lines_for(event, {**fields, "time": now}):
        shown += f"{stamp}{line}\n" if line else "\n"
        stamp = MARGIN if line else stamp
    return shown


def lines_for(event: str, fields: Event) -> list[str]:
    """What is shown of an event: printable lines, the first ones may be empty.

    Never raises, whatever the fields hold; an event that is not known is shown as it
    is.
    """
    render = _RENDERERS.get(event)
    lines = render(fields) if render else [_as_it_is(event, fields)]
    return [line[:ROOM] for line in lines]


def _as_it_is(event: str, fields: Event) -> str:
    pairs = (f"{key}={_value(value)}" for key, value in fields.items() if key != "time")
    name = shortened(event, 24) or "(no name)"
    line = "  ".join([name, *(shortened(pair, ROOM) for pair in pairs)])
    return line if len(line) <= ROOM else f"{line[: ROOM - 1]}…"


def _value(value: Any) -> str:
    """Only as much as a line could show."""
    return (value if isinstance(value, str) else json.dumps(value))[:ROOM]


def _started(fields: Event) -> list[str]:
    day = time.strftime("%A, %-d %B %Y", time.localtime(figure(fields, "time")))
    run, agent = (shortened(text(fields, key), 40) for key in ("run_id", "agent"))
    return [_ruled(f"{run} · agent {agent}", day, "═")]


def _box(fields: Event) -> list[str]:
    return [f"box opened in {_seconds(fields)}"]


def _loop(fields: Event) -> list[str]:
    return [f"the loop itself took {_seconds(fields)}"]


def _agent(fields: Event) -> list[str]:
    return [f"the agent was at work for {_seconds(fields)}"]


def _round(fields: Event) -> list[str]:
    said = _excerpt("", text(fields, "content"), CONTENT_LINES)
    thought = _excerpt("thinks: ", text(fields, "thinking"), THINKING_LINES)
    notes = [shortened(f"note: {note}", ROOM) for note in texts(fields, "notes")]
    title = f"round {figure(fields, 'number'):g}"
    head = _ruled(title, " · ".join(_round_figures(fields)))
    return ["", head, *thought, *said, *notes]


def _round_figures(fields: Event) -> Iterable[str]:
    prompt, output = figure(fields, "prompt_tokens"), figure(fields, "output_tokens")
    yield f"{prompt:.0f} → {output:.0f} tokens"
    yield _seconds(fields)
    if (decode := figure(fields, "decode_seconds")) > 0:
        yield f"{output / decode:.0f} tokens/s"
    if (load := figure(fields, "load_seconds")) >= 1:
        yield f"{load:.0f} s of it loading"
    if (why := text(fields, "done_reason")) not in ("", "stop"):
        yield f"ended by {shortened(why, 16)}"


def _excerpt(title: str, said: str, most: int) -> list[str]:
    """The first lines that are not blank, behind a bar."""
    lines = [line for line in said.splitlines() if line.strip()]
    most += len(lines) == most + 1  # in place of "1 more line"
    shown = [
        f"│ {title if not number else ''}{shortened(line, ROOM - 2 - len(title))}"
        for number, line in enumerate(lines[:most])
    ]
    more = len(lines) - most
    return [*shown, f"│ … {more} more lines"] if more > 0 else shown


def _action(fields: Event) -> list[str]:
    """One line where all of it has room, else two."""
    failed = not fields.get("ok", True)
    tool, took = shortened(text(fields, "tool"), 24), _seconds(fields)
    call = f"{'✗' if failed else '·'} {tool} {_main_argument(fields.get('arguments'))}"
    mended = shortened(", ".join(texts(fields, "repaired")), 40)
    mended = f" · mended: {mended}" if mended else ""
    seen = _seen(tool, text(fields, "observation"), failed)
    answer = f"→ {shortened(seen, ROOM - 4 - len(mended))}{mended}"
    if len(call) + len(answer) + len(took) + 4 <= ROOM:
        return [_two_ends(f"{call} {answer}", took)]
    return [_two_ends(call, took), f"  {answer}"]


def _main_argument(arguments: Any) -> str:
    if not isinstance(arguments, dict) or not arguments:
        return ""
    main = next((key for key in MAIN_ARGUMENTS if arguments.get(key)), None)
    return shortened(_value(arguments[main] if main else arguments), ROOM)


def _seen(tool: str, observation: str, failed: bool) -> str:
    """What came back, as far as a line can tell it."""
    lines = observation.splitlines()
    if failed or len(lines) < 2:
        return lines[0] if lines else ""
    if tool in ("read_file", "list_files"):
        return f"{len(lines)} lines"
    first, last = lines[0].rstrip(":"), lines[-1].strip()
    if tool != "run_command":
        return first
    # Commands say last how it went: "2 failed, 7 passed in 0.31s".
    said = len(lines) - 1
    return f"{first} · {f'… {said} lines … ' if said > 1 else ''}{last}"


def _command(fields: Event) -> list[str]:
    """A command-line agent's whole work."""
    argv = " ".join(texts(fields, "argv"))
    end = f"exit status {figure(fields, 'status'):g}"
    output = _excerpt("", text(fields, "output"), CONTENT_LINES)
    return ["", shortened(f"$ {argv}", ROOM), *output, f"→ {end}"]


def _unused(fields: Event) -> list[str]:
    reason, detail = text(fields, "reason"), text(fields, "detail")
    return [shortened(f"no action: {reason}{_because(detail)}", ROOM)]


def _fault(fields: Event) -> list[str]:
    kind = "/".join(filter(None, (text(fields, "kind"), text(fields, "reason"))))
    status = f" {figure(fields, 'status'):.0f}" if figure(fields, "status") else ""
    then = "asked again" if fields.get("retried") else "not asked again"
    head = f"✗ call failed: {shortened(kind, 24)}{status} after {_seconds(fields)}"
    detail = shortened(text(fields, "detail"), ROOM - 2)
    return [f"{head}, {then}", *([f"  {detail}"] if detail else [])]


def _wait(fields: Event) -> list[str]:
    kind = text(fields, "kind")
    return [f"wait of {_seconds(fields)}: {WAITS.get(kind) or shortened(kind, 24)}"]


def _cut(fields: Event) -> list[str]:
    return [f"answer cut off by the time limit, {_seconds(fields)} after the question"]


def _nudge(fields: Event) -> list[str]:
    said = _excerpt("", text(fields, "text"), 2)
    return [shortened(f"nudge {text(fields, 'rule')}", ROOM), *said]


def _shadow(fields: Event) -> list[str]:
    why = f"{text(fields, 'rule')}{_because(text(fields, 'detail'))}"
    return [shortened(f"the loop guard would have stopped the run, {why}", ROOM)]


def _compaction(fields: Event) -> list[str]:
    before, after = figure(fields, "before"), figure(fields, "after")
    how = "; ".join(texts(fields, "how"))
    size = f"~{before:.0f} → {after:.0f} tokens"
    return [shortened(f"conversation shortened, {size}{_because(how)}", ROOM)]


def _truncated(fields: Event) -> list[str]:
    expected, seen = figure(fields, "expected"), figure(fields, "prompt_tokens")
    return [
        f"ALARM the server left part of the prompt out: {seen:.0f} tokens arrived, "
        f"~{expected:.0f} sent"
    ]


def _switch(fields: Event) -> list[str]:
    because = _because(text(fields, "detail"))
    return [shortened(f"now speaking the {text(fields, 'to')}{because}", ROOM)]


def _stopped(fields: Event) -> list[str]:
    stop = shortened(text(fields, "stop"), 24)
    return [
        "",
        _ruled(f"stopped: {stop}", ""),
        *_excerpt("", text(fields, "detail"), 3),
    ]


def _finished(fields: Event) -> list[str]:
    return [f"workspace kept: {shortened(text(fields, 'workspace'), 64)}"]


def _because(detail: str) -> str:
    return f": {detail}" if detail else ""


def _seconds(fields: Event) -> str:
    seconds = figure(fields, "seconds")
    if abs(seconds) < 1:
        return f"{1000 * seconds:.0f} ms"
    return f"{seconds:.1f} s" if abs(seconds) < 100 else f"{seconds:.0f} s"


def _ruled(title: str, end: str, rule: str = "─") -> str:
    """A line across the page, with words at its beginning and its end."""
    end = f" {end}" if end else ""
    return f"{rule * 2} {title} ".ljust(ROOM - len(end), rule) + end


def _two_ends(left: str, right: str) -> str:
    room = ROOM - len(right) - 2
    return f"{shortened(left, room).ljust(room)}  {right}"


_RENDERERS: dict[str, Callable[[Event], list[str]]] = {
    "started": _started,
    "box": _box,
    "agent": _agent,
    "loop": _loop,
    "round": _round,
    "action": _action,
    "command": _command,
    "unused": _unused,
    "fault": _fault,
    "wait": _wait,
    "cut": _cut,
    "nudge": _nudge,
    "shadow": _shadow,
    "compaction": _compaction,
    "truncated": _truncated,
    "switch": _switch,
    "stopped": _stopped,
    "finished": _finished,
}
