"""What may have cost runs: features that are held against being missed.

Only what can be there before a run is lost is a candidate. Left out, since they follow
from being lost or are another name for it: rounds, actions, tokens and times of a run
(who does not find the answer goes on), nudges, loop rules and shadow stops (they say
that a run is stuck), errors of commands (a wrong answer fails its own tests), escape
attempts (a matter of safety). What can end a run by itself is tested on the runs that
it did not end, see :attr:`Cause.ends`.
"""

from __future__ import annotations

from pytest_overnight.reporting.advice import features as seen
from pytest_overnight.reporting.advice.features import Cause
from pytest_overnight.reporting.advice.items import Area
from pytest_overnight.rules.outcome import Outcome

_CACHE = (
    "Where memory is short: start the server with `OLLAMA_FLASH_ATTENTION=1` and "
    "`OLLAMA_KV_CACHE_TYPE=q8_0`, which halves what the window takes, and with "
    "`OLLAMA_NUM_PARALLEL=1`, which gives one run all of it."
)
_ALONE = "Let nothing else use the GPU or the server overnight."
_OWN_PROMPT = (
    "The built-in agent's words stand in `pytest_overnight/agents/prompts.py`; an "
    "agent of your own (`--agent package.module:attribute`) has its own."
)

CAUSES = (
    Cause(
        "truncated_prompt",
        Area.AGENT,
        "Raise the context window: the server cut prompts",
        "the server left out a part of the prompt",
        (
            "Ask for more than {num_ctx} tokens: `--overnight-num-ctx {more_ctx}`. "
            "`ollama ps` shows under CONTEXT what the server really gives.",
            _CACHE,
            "Or leave more of the window to the prompt: `--overnight-num-predict` "
            "below {num_predict}.",
        ),
        "minutes",
        seen.truncated,
        frozenset({Outcome.CONTEXT}),
        grows=True,
    ),
    Cause(
        "small_window",
        Area.INFRASTRUCTURE,
        "Have the server give the window that is asked for",
        "the server gave a smaller window than was asked for",
        (
            "`ollama ps` shows under CONTEXT what it gives; {num_ctx} tokens were "
            "asked for.",
            _CACHE,
            "Or ask for no more than there is: `--overnight-num-ctx`.",
        ),
        "minutes",
        seen.tag("small_window"),
        frozenset({Outcome.CONTEXT}),
    ),
    Cause(
        "compacted",
        Area.AGENT,
        "Raise the context window: the history had to be shortened",
        "the conversation was shortened to fit the window",
        (
            "Ask for more than {num_ctx} tokens: `--overnight-num-ctx {more_ctx}`.",
            "Keep answers short: `--overnight-think low`, where the model thinks.",
            _CACHE,
        ),
        "minutes",
        seen.compacted,
        frozenset({Outcome.CONTEXT}),
        grows=True,
    ),
    Cause(
        "unreadable_calls",
        Area.AGENT,
        "Make tool calls come in a usable form",
        "the model gave answers that could not be used as a tool call",
        (
            "Read some of these answers: event `unused` of `logs/…-events.jsonl`.",
            "Lower the sampling temperature: `--overnight-temperature 0.2`.",
            "Update Ollama and pull the model again: its template forms the calls. "
            "Else take a quantization with more bits, or a model trained for tools.",
        ),
        "hours",
        seen.unused("unreadable", "malformed", "degenerate", "silent"),
        frozenset({Outcome.MALFORMED}),
        grows=True,
    ),
    Cause(
        "cut_answers",
        Area.AGENT,
        "Allow longer answers: some were cut off",
        "an answer was cut off at its limit",
        (
            "Allow more than {num_predict} tokens: `--overnight-num-predict "
            "{more_predict}`, with as much more window (`--overnight-num-ctx`).",
            "Or have less thinking in each: `--overnight-think low`.",
        ),
        "minutes",
        seen.unused("cut"),
        frozenset({Outcome.MALFORMED}),
        grows=True,
    ),
    Cause(
        "talk",
        Area.AGENT,
        "Have the model call tools where it only talks",
        "the model talked in place of calling a tool",
        (
            "Say in the system prompt that each answer must call a tool, and `finish` "
            "at the end. " + _OWN_PROMPT,
            "Try a model that was trained for tools.",
        ),
        "hours",
        seen.unused("talk"),
        grows=True,
    ),
    Cause(
        "calls_in_text",
        Area.AGENT,
        "Use a model or template with real tool calls",
        "the model wrote its tool calls as text",
        (
            "`ollama show` lists the model's capabilities: `tools` must be among them.",
            "Update Ollama and pull the model again, or take one with tools.",
        ),
        "hours",
        lambda run, usual: bool({"text_call", "text_protocol"} & set(run.tags)),
        grows=True,
    ),
    Cause(
        "repaired_calls",
        Area.AGENT,
        "Look at the tool calls that had to be mended",
        "tool calls had to be mended before they ran",
        (
            "The field `repaired` of `logs/…-events.jsonl` says what was mended.",
            "Lower the sampling temperature: `--overnight-temperature 0.2`.",
        ),
        "hours",
        seen.repaired,
        grows=True,
    ),
    Cause(
        "failing_actions",
        Area.AGENT,
        "Find out why so many tool calls fail",
        "three in ten tool calls or more were answered with an error",
        (
            "The report's table of errors says which; a `✗` marks each of them in "
            "`logs/…-ledger.log`.",
            "Say in the tool's description what is expected "
            "(`pytest_overnight/agents/tools.py`).",
        ),
        "hours",
        seen.failing_actions,
        frozenset({Outcome.LOOP}),
    ),
    Cause(
        "never_ran_tests",
        Area.AGENT,
        "Have the agent run tests before it finishes",
        "the agent changed files, ran no tests and declared itself done",
        (
            "Ask for it in the system prompt: tests are to be run, and written where "
            "there are none. " + _OWN_PROMPT,
            "Or have `finish` answered once with that request where no test was run.",
        ),
        "hours",
        seen.tag("never_ran_tests"),
        finished_only=True,
    ),
    Cause(
        "unverified",
        Area.AGENT,
        "Have the agent try its last change before it finishes",
        "the agent ran nothing after its last change and declared itself done",
        (
            "Ask for it in the system prompt: after the last change everything is run "
            "once more. " + _OWN_PROMPT,
            "Or have `finish` answered once with that request.",
        ),
        "hours",
        seen.tag("unverified"),
        finished_only=True,
    ),
    Cause(
        "command_timeout",
        Area.AGENT,
        "Keep commands from using up the agent's time",
        "a command ran into its time limit",
        (
            "The answers stand in `logs/…-ledger.log`: is it a command that waits for "
            "input, or the agent's own code that hangs? The second is a symptom.",
            "Ask for short runs in the system prompt: one test at a time, `timeout` "
            "with each command. " + _OWN_PROMPT,
        ),
        "hours",
        seen.tag("command_timeout"),
        grows=True,
    ),
    Cause(
        "command_limit",
        Area.AGENT,
        "Keep commands within what the sandbox allows",
        "a command ran into a limit of the sandbox",
        ("The answers in `logs/…-ledger.log` say which: output, memory, processes.",),
        "hours",
        seen.tag("command_limit"),
        grows=True,
    ),
    Cause(
        "late_start",
        Area.AGENT,
        "Find out what delays the first step",
        "the first tool call came twice as late as in the challenge's median run",
        (
            "Was the model being loaded, or thinking? See the first round in "
            "`logs/…-ledger.log`. Less thinking: `--overnight-think low`.",
        ),
        "minutes",
        seen.late_start,
    ),
    Cause(
        "reload",
        Area.INFRASTRUCTURE,
        "Keep the model loaded all night",
        "the model was loaded anew while the agent was at work",
        (
            "Start the server with `OLLAMA_KEEP_ALIVE=-1` and "
            "`OLLAMA_MAX_LOADED_MODELS=1`.",
            "Let no other program ask the server overnight: another model, or another "
            "`num_ctx`, has it load anew.",
        ),
        "minutes",
        seen.tag("reload"),
        grows=True,
    ),
    Cause(
        "gpu_spill",
        Area.INFRASTRUCTURE,
        "Keep the whole model in GPU memory",
        "a part of the model lay outside GPU memory as the run began",
        (
            "`ollama ps` must say `100% GPU`. " + _ALONE,
            _CACHE,
            "Or take a smaller window (`--overnight-num-ctx`) or a smaller "
            "quantization (`--model`).",
        ),
        "minutes",
        seen.spilled,
    ),
    Cause(
        "slow_model",
        Area.INFRASTRUCTURE,
        "Make the model faster, or give it more time",
        "the model wrote fewer than five tokens a second, and took most of the time",
        (
            "`ollama ps` must say `100% GPU`. " + _ALONE,
            "Take a smaller model or quantization (`--model`), or less thinking "
            "(`--overnight-think low`).",
        ),
        "hours",
        seen.tag("slow_llm"),
    ),
    Cause(
        "slow_decode",
        Area.INFRASTRUCTURE,
        "Find out what slowed the model down",
        "the model was a third slower than in the challenge's median run, or more",
        (
            _ALONE + " Watch temperature and clock with `nvidia-smi`.",
            "Let fewer runs share the server: `--overnight-slots` was {slots}.",
            "Pauses let a hot GPU cool: `--overnight-min-gap 2`.",
        ),
        "hours",
        seen.slow,
    ),
    Cause(
        "server_faults",
        Area.INFRASTRUCTURE,
        "Make the model server reliable",
        "calls of the model had to be repeated",
        (
            "The server's own log says why (`journalctl` of the unit `ollama`); events "
            "`fault` of `logs/…-events.jsonl` say when.",
            "Let fewer runs share it: `--overnight-slots` was {slots}.",
        ),
        "hours",
        seen.retried,
        grows=True,
    ),
    Cause(
        "busy_machine",
        Area.INFRASTRUCTURE,
        "Take load off the machine",
        "more processes wanted to run than there are processors as the run began",
        (
            "Use fewer workers (`-n 1`), and let nothing else run overnight: backups, "
            "updates, indexing.",
        ),
        "minutes",
        seen.busy,
    ),
    Cause(
        "short_memory",
        Area.INFRASTRUCTURE,
        "Free memory",
        "less than a tenth of the machine's memory was available as the run began",
        (
            "Close what is not needed, or use fewer workers (`-n 1`).",
            "No run starts below a limit that you can raise: "
            "`--overnight-min-free-memory`.",
        ),
        "minutes",
        seen.short_memory,
    ),
    Cause(
        "late_in_the_night",
        Area.INFRASTRUCTURE,
        "Find out what changes late in the night",
        "the run began in the last quarter of the night's runs",
        (
            "Compare speed, memory and GPU of early and late runs: the report's "
            "section on the machine.",
            "Jobs that start at a fixed hour (cron, updates) are the usual suspects.",
        ),
        "hours",
        seen.late,
    ),
)
"""Every feature that is looked at, in the order in which equal ones are kept."""
