"""A conversation that always fits: what goes, in which order, and what never goes."""

from __future__ import annotations

import json
import operator
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_overnight.agents.context import Compaction
from pytest_overnight.agents.context import Context
from pytest_overnight.models.base import Message
from tests.support.ollama_prompt import Prompt
from tests.support.ollama_prompt import prompt_of

TASK = "Make the tests pass."


def turn(*names: str, thinking: str = "", text: str = "", **arguments: Any) -> Message:
    """An assistant message with one call for each name, all with these arguments."""
    message: Message = {"role": "assistant", "content": text}
    if thinking:
        message["thinking"] = thinking
    if names:
        message["tool_calls"] = [
            {"function": {"name": name, "arguments": arguments}} for name in names
        ]
    return message


def answer(name: str, text: str) -> Message:
    return {"role": "tool", "tool_name": name, "content": text}


def begun(window: int = 8192, answer_tokens: int = 1024) -> Context:
    context = Context(TASK, window=window, answer_tokens=answer_tokens)
    context.say("Begin.")
    return context


def work(context: Context, name: str, chars: int, read: str = "", **more: Any) -> None:
    """One round: a call of ``name``, and an answer of this many characters."""
    context.add_turn(turn(name, **more))
    context.add_answer(answer(name, name[-1] * chars), f"{name} → done", read)


def compacted(context: Context) -> Compaction:
    compaction = context.compact()
    assert compaction is not None
    return compaction


def contents(context: Context, role: str) -> list[str]:
    return [m["content"] for m in context.messages if m["role"] == role]


# -- the ladder, step by step -------------------------------------------------------


def test_a_history_with_room_is_left_as_it_is() -> None:
    context = begun()
    work(context, "run_command", 15_000)
    before = context.messages
    assert context.compact() is None
    assert context.messages == before


def test_first_goes_thinking_but_for_the_newest_turn() -> None:
    context = begun()
    work(context, "list_files", 4_000, thinking="a" * 9_000)
    work(context, "run_command", 4_000, thinking="b" * 300)
    assert compacted(context).how == ("earlier thinking left out (1)",)
    first, newest = (m for m in context.messages if m["role"] == "assistant")
    assert "thinking" not in first
    assert newest["thinking"] == "b" * 300
    assert contents(context, "tool") == ["s" * 4_000, "d" * 4_000]


def test_then_a_file_read_again_is_kept_once() -> None:
    context = begun()
    work(context, "read_file", 9_000, read="a.py")
    work(context, "read_file", 4_000, read="b.py")
    work(context, "read_file", 4_000, read="a.py")
    assert compacted(context).how == ("repeated reads shortened (1)",)
    first, *rest = contents(context, "tool")
    assert first == "read_file → done [left out to save room]"
    assert rest == ["e" * 4_000] * 2


def test_then_answers_but_the_last_four_become_their_line() -> None:
    context = begun()
    for chars in (8_000, 9, 8_000, 500, 500, 500, 500):
        work(context, "run_command", chars)
    assert compacted(context).how == ("earlier answers and arguments shortened (2)",)
    line = "run_command → done [left out to save room]"
    kept = ["d" * 500] * 4
    assert contents(context, "tool") == [line, "d" * 9, line, *kept]


def test_long_arguments_of_earlier_turns_are_shortened_with_them() -> None:
    context = begun()
    content = "import os\n" + "x" * 16_000
    context.add_turn(turn("write_file", path="a.py", content=content, edits=[["y"]]))
    context.add_answer(answer("write_file", "written"), "write_file a.py")
    note = "That was a long file. " * 20
    context.say(note)
    for _ in range(4):
        work(context, "run_command", 500)
    compacted(context)
    assert contents(context, "user") == ["Begin.", note]
    [call] = context.messages[2]["tool_calls"]
    arguments = call["function"]["arguments"]
    assert list(arguments) == ["path", "content", "edits"]
    assert arguments["content"].startswith("import os\n")
    assert "[16010 characters, shortened]" in arguments["content"]
    assert len(arguments["content"]) == 200
    assert (arguments["path"], arguments["edits"]) == ("a.py", [["y"]])


def test_a_turn_is_whole_as_long_as_one_of_its_answers_is() -> None:
    context = begun()
    command = "c" * 400
    context.add_turn(turn("read_file", "read_file", command=command))
    context.add_answer(answer("read_file", "a" * 12_000), "read a", "a")
    context.add_answer(answer("read_file", "b" * 7_000), "read b", "b")
    for _ in range(3):
        work(context, "run_command", 100)
    assert compacted(context).how == ("earlier answers and arguments shortened (1)",)
    assert contents(context, "tool")[:2] == [
        "read a [left out to save room]",
        "b" * 7_000,
    ]
    calls = context.messages[2]["tool_calls"]
    assert [call["function"]["arguments"] for call in calls] == [
        {"command": command}
    ] * 2


def test_then_the_oldest_rounds_leave_and_their_lines_stay() -> None:
    context = begun()
    for number in range(6):
        context.add_turn(turn("run_command", command=f"step {number}"))
        context.add_answer(answer("run_command", "x" * 4_500), f"ran step {number}")
        context.say(f"note {number}")
    how = compacted(context).how
    assert how[-1] == "earlier rounds left out (4)"
    system, begin, *rounds = context.messages
    assert system["content"] == (
        f"{TASK}\n\nEarlier steps, left out to save room, the newest last:\n"
        "- ran step 0\n- ran step 1\n- ran step 2\n- ran step 3"
    )
    assert begin["content"] == "Begin."
    assert [m["role"] for m in rounds] == ["assistant", "tool", "user"] * 2
    assert rounds[2]["content"] == "note 4"


def test_the_list_of_earlier_steps_has_a_limit_and_keeps_the_newest() -> None:
    context = begun()
    for number in range(200):
        context.add_turn(turn("run_command"))
        line = f"step {number} {'word ' * 80}\n"
        context.add_answer(answer("run_command", "x" * 3_000), line)
        context.compact()
    digest = context.messages[0]["content"].removeprefix(TASK)
    assert len(digest) < 2_100
    newest = max(n for n in range(200) if f"- step {n} " in digest)
    assert newest >= 193
    assert f"- step {newest - 5} " in digest


def test_at_last_the_newest_answer_is_cut_to_head_and_tail() -> None:
    context = begun()
    work(context, "list_files", 500)
    context.add_turn(turn("run_command"))
    context.add_answer(answer("run_command", "a" + "x" * 50_000 + "z"), "ran")
    assert compacted(context).how == (
        "earlier rounds left out (1)",
        "newest answers shortened",
    )
    assert "- list_files → done" in context.messages[0]["content"]
    [text] = contents(context, "tool")
    assert text[0] + text[-1] == "az"
    assert "[50002 characters, shortened]" in text
    assert len(text) > 10_000, "no more is cut than needed"


def test_after_it_goes_what_the_newest_turn_says() -> None:
    context = begun(window=2048)
    work(context, "write_file", 300, content="x" * 9_000)
    assert compacted(context).how == (
        "newest answers shortened",
        "newest turn shortened",
    )
    _, _, message, _ = context.messages
    [call] = message["tool_calls"]
    assert "[9000 characters, shortened]" in call["function"]["arguments"]["content"]


def test_a_turn_that_cannot_fit_leaves_and_the_task_stays() -> None:
    context = begun(window=2048)
    context.add_turn(turn(*[f"tool_{number}" for number in range(200)]))
    for number in range(200):
        context.add_answer(answer(f"tool_{number}", "no such tool"), "unknown tool")
    assert "newest round left out" in compacted(context).how
    assert [m["role"] for m in context.messages] == ["system", "user"]
    assert context.messages[0]["content"].startswith(TASK)


def test_in_the_text_protocol_answers_are_user_messages() -> None:
    context = begun()
    call = "<write_file path='a.py'>\n" + "x = 1\n" * 3_000 + "</write_file>"
    context.add_turn(turn(text=call))
    context.add_answer({"role": "user", "content": "written " * 50}, "wrote a.py")
    for _ in range(4):
        context.add_turn(turn(text="<list_files/>"))
        context.add_answer({"role": "user", "content": "a.py"}, "listed")
    compacted(context)
    _, _, wrote, written, *rest = context.messages
    assert wrote["content"].startswith("<write_file path='a.py'>")
    assert wrote["content"].endswith("</write_file>")
    assert len(wrote["content"]) == 200
    assert written["content"] == "wrote a.py [left out to save room]"
    assert len(rest) == 8


def test_a_refused_prompt_is_brought_below_a_third_of_the_window_at_once() -> None:
    context = begun(window=8192)
    for _ in range(3):
        work(context, "run_command", 4_000)
    assert context.compact() is None, "by the estimate it fits"
    compaction = context.compact_hard()
    assert compaction is not None
    assert compaction.after == context.tokens < 8192 / 3
    assert len(contents(context, "tool")[-1]) == 4_000


def test_refused_again_it_is_halved_until_nothing_is_left_to_free() -> None:
    context = begun(window=8192)
    work(context, "run_command", 4_000)
    before = context.tokens
    assert before < 8192 / 3
    compaction = context.compact_hard()
    assert compaction is not None
    assert compaction.freed >= 0.5
    while context.compact_hard():
        pass
    assert context.tokens < before / 8
    assert len(context.messages) == 4


def test_a_task_that_does_not_fit_by_itself_drives_nothing_away() -> None:
    context = Context(TASK * 900, window=2048, answer_tokens=512)
    assert context.compact() is None
    work(context, "run_command", 100)
    assert context.compact() is None
    assert len(context.messages) == 3


def test_a_smaller_window_and_another_system_text_count_at_once() -> None:
    context = begun(window=16_384)
    work(context, "run_command", 15_000)
    work(context, "run_command", 5_000)
    assert context.compact() is None
    context.window = 4096
    context.system = f"{TASK} Answer in text."
    compacted(context)
    assert context.messages[0]["content"].startswith(f"{TASK} Answer in text.")


# -- the server's counts ------------------------------------------------------------


def filled(chars: int = 16_000, **more: Any) -> Context:
    """Some 5,000 tokens in a window of 8192."""
    context = begun(window=8192)
    work(context, "run_command", chars, **more)
    return context


def test_an_unknown_count_changes_nothing() -> None:
    context = filled()
    before = context.tokens
    assert context.learn(0) is None
    assert context.tokens == before


def test_letters_that_take_more_bytes_take_more_tokens() -> None:
    ascii_text, other_text = begun(), begun()
    ascii_text.say("x" * 1_000)
    other_text.say("漢" * 1_000)
    assert other_text.tokens > 2.5 * ascii_text.tokens


@pytest.mark.parametrize(
    ("counted", "chars_per_token"), [(4_000, 4.0), (100_000, 2.0), (3_700, 4.33)]
)
def test_the_estimate_follows_the_servers_count(
    counted: int, chars_per_token: float
) -> None:
    context = filled()
    chars = sum(len(json.dumps(message)) for message in context.messages)
    assert context.learn(counted) is None
    assert context.tokens == pytest.approx(chars / chars_per_token * 1.15, rel=0.02)


def test_a_count_far_below_the_estimate_means_that_a_part_was_left_out() -> None:
    context = filled()
    before = context.tokens
    expected = context.learn(2_050)
    assert expected == pytest.approx(before / 1.15, abs=2)
    assert context.tokens == before, "such a count says nothing about tokens"


def test_a_count_that_falls_while_the_history_grows_means_it_too() -> None:
    context = filled()
    assert context.learn(4_600) is None
    work(context, "run_command", 3_000)
    assert context.learn(4_500) is not None
    compacted(context)
    assert context.learn(1_500) is None, "now it is smaller by our own doing"


def test_a_count_that_falls_after_a_new_system_text_is_no_alarm() -> None:
    context = filled()
    assert context.learn(4_600) is None
    context.system = "Short."
    assert context.learn(4_500) is None


def test_low_counts_of_short_histories_are_an_old_servers_cache() -> None:
    context = filled(chars=9_000)
    assert context.learn(2_600) is None
    before = context.tokens
    assert context.learn(40) is None
    assert context.tokens == before


def test_a_count_below_what_is_never_left_out_is_no_count_of_the_prompt() -> None:
    context = Context(TASK * 200, window=8192, answer_tokens=512, extra_chars=3_000)
    work(context, "run_command", 10_000)
    before = context.tokens
    assert before > 8192 / 2
    assert context.learn(100) is None
    assert context.tokens == before


def test_thinking_that_a_template_leaves_out_is_no_alarm() -> None:
    context = filled(thinking="x" * 7_000)
    assert context.learn(6_500) is None
    context.say("Call a tool.")
    assert context.learn(4_550) is None


# -- a server that cuts silently ----------------------------------------------------


def seen_by(window: int, context: Context) -> Prompt:
    """What the model gets to see of it, and what the server counts."""
    return prompt_of({"messages": context.messages}, window)


def test_a_server_never_cuts_what_is_compacted_in_time() -> None:
    context = begun(window=4096, answer_tokens=1024)
    compactions = 0
    for _ in range(60):
        work(context, "run_command", 3_000, thinking="hm " * 100)
        compactions += context.compact() is not None
        seen = seen_by(4096, context)
        assert seen.whole
        assert seen.tokens < 4096 - 1024
        assert context.learn(seen.tokens) is None
    assert 10 < compactions < 60


def test_a_server_that_cuts_is_noticed_in_the_same_round() -> None:
    context = begun(window=4096)
    while (seen := seen_by(4096, context)).whole:
        assert context.learn(seen.tokens) is None
        work(context, "run_command", 3_000)
    expected = context.learn(seen.tokens)
    assert expected == pytest.approx(seen_by(10**9, context).tokens, rel=0.05)


# -- laws ---------------------------------------------------------------------------

Round = tuple[Message, list[tuple[Message, str, str]], list[str]]

ascii_pieces = st.sampled_from(["x", "= 1\n", '"",', "\\"])


def texts(pieces: st.SearchStrategy[str], times: int) -> st.SearchStrategy[str]:
    """Cheap long texts: what they say does not matter here, how long they are does."""
    return st.builds(operator.mul, pieces, st.integers(0, times))


@st.composite
def rounds(draw: st.DrawFn, pieces: st.SearchStrategy[str]) -> Round:
    names = draw(st.lists(st.sampled_from(["read_file", "run_command"]), max_size=2))
    message = turn(
        *names,
        thinking=draw(texts(pieces, 3_000)),
        text=draw(texts(pieces, 500)),
        path="a.py",
        content=draw(texts(pieces, 3_000)),
    )
    answers = [
        (
            answer(name, draw(texts(pieces, 8_000))),
            f"{name} → {draw(texts(pieces, 300))}",
            draw(st.sampled_from(["", "a.py", "b.py"])),
        )
        for name in names
    ]
    return message, answers, draw(st.lists(texts(pieces, 300), max_size=2))


def conversations(pieces: st.SearchStrategy[str]) -> st.SearchStrategy[list[Round]]:
    return st.lists(rounds(pieces), max_size=7)


contexts = st.fixed_dictionaries(
    {
        "system": st.integers(0, 6_000).map(lambda chars: TASK + "." * chars),
        "window": st.integers(2048, 16_384),
        "answer_tokens": st.integers(0, 8_192),
        "extra_chars": st.integers(0, 3_000),
    }
)
any_rounds = conversations(
    st.one_of(ascii_pieces, st.sampled_from(["é", "漢字", "\ud800"]))
)


def add(context: Context, round_: Round) -> None:
    message, answers, notes = round_
    context.add_turn(message)
    for one, line, read in answers:
        context.add_answer(one, line, read)
    for note in notes:
        context.say(note)


def context_with(options: dict[str, Any], history: Iterable[Round]) -> Context:
    context = Context(**options)
    context.say("Begin.")
    for round_ in history:
        add(context, round_)
    return context


def budget(options: dict[str, Any]) -> int:
    window = options["window"]
    return int(max(window - options["answer_tokens"] - 256, window // 2))


def shape(messages: Iterable[Message]) -> list[Any]:
    """Who speaks, and which calls are made and answered, without any text."""
    return [
        (m["role"], m.get("tool_name"), [of_call(c) for c in m.get("tool_calls", ())])
        for m in messages
    ]


def of_call(call: dict[str, Any]) -> Any:
    arguments = call["function"]["arguments"]
    return call["function"]["name"], {key: type(arguments[key]) for key in arguments}


def of_round(round_: Round) -> list[Message]:
    message, answers, notes = round_
    said = [{"role": "user", "content": note} for note in notes]
    return [message, *(one for one, _, _ in answers), *said]


def suffixes(history: list[Round]) -> list[list[Message]]:
    """The messages of the newest 0, 1, 2 … rounds."""
    return [
        [message for round_ in history[at:] for message in of_round(round_)]
        for at in range(len(history), -1, -1)
    ]


@given(options=contexts, history=any_rounds)
def test_before_a_compaction_messages_are_only_added(
    options: dict[str, Any], history: list[Round]
) -> None:
    context = context_with(options, [])
    sent = context.messages
    for round_ in history:
        add(context, round_)
        assert context.messages[: len(sent)] == sent
        sent = context.messages
    assert sent[2:] == suffixes(history)[-1]


@given(options=contexts, history=any_rounds, hard=st.booleans())
def test_what_is_left_is_the_task_and_the_newest_whole_rounds(
    options: dict[str, Any], history: list[Round], hard: bool
) -> None:
    context = context_with(options, history)
    _ = context.compact_hard() if hard else context.compact()
    system, begin, *rest = context.messages
    assert system["role"] == "system"
    assert system["content"].startswith(options["system"])
    assert begin == {"role": "user", "content": "Begin."}
    assert shape(rest) in [shape(messages) for messages in suffixes(history)]


@given(options=contexts, history=any_rounds)
def test_the_newest_round_stays_as_it_is_unless_it_alone_does_not_fit(
    options: dict[str, Any], history: list[Round]
) -> None:
    context = context_with(options, history)
    context.compact()
    newest = suffixes(history)[min(1, len(history))]
    alone = context_with(options, history[-1:])
    if alone.tokens <= budget(options):
        assert context.messages[len(context.messages) - len(newest) :] == newest


@given(options=contexts, history=any_rounds)
def test_the_result_fits_whenever_the_task_itself_does(
    options: dict[str, Any], history: list[Round]
) -> None:
    context = context_with(options, history)
    context.compact()
    task = context_with(options, [])
    assert context.tokens <= budget(options) or task.tokens > budget(options)


@given(options=contexts, history=any_rounds)
def test_a_second_compaction_finds_nothing_to_do(
    options: dict[str, Any], history: list[Round]
) -> None:
    context = context_with(options, history)
    context.compact()
    sent = context.messages
    assert context.compact() is None
    assert context.messages == sent


@given(options=contexts, history=any_rounds, hard=st.booleans())
def test_a_compaction_says_what_it_did_and_does_the_same_again(
    options: dict[str, Any], history: list[Round], hard: bool
) -> None:
    context, twin = (context_with(options, history) for _ in range(2))
    before, sent = context.tokens, context.messages
    first, second = (c.compact_hard() if hard else c.compact() for c in (context, twin))
    assert (first, context.messages) == (second, twin.messages)
    if first is None:
        assert context.messages == sent
    else:
        assert (first.before, first.after) == (before, context.tokens)
        assert 0 < first.freed < 1
        assert first.how


@given(options=contexts, history=any_rounds)
def test_a_hard_compaction_reaches_a_third_or_leaves_short_texts_only(
    options: dict[str, Any], history: list[Round]
) -> None:
    context = context_with(options, history)
    context.compact_hard()
    if context.tokens > options["window"] / 3:
        newest = suffixes(history)[min(1, len(history))]
        assert len(context.messages) <= 2 + len(newest)
        assert all(len(m["content"]) <= 250 for m in context.messages[1:])
    while context.compact_hard():
        pass


@given(options=contexts, history=conversations(ascii_pieces))
def test_a_server_that_counts_otherwise_never_cuts_a_compacted_history(
    options: dict[str, Any], history: list[Round]
) -> None:
    context = context_with({**options, "extra_chars": 0}, [])
    for round_ in history:
        add(context, round_)
        context.compact()
        seen = seen_by(options["window"], context)
        assert seen.whole or context.tokens > budget(options)
        assert context.learn(seen.tokens) is None or not seen.whole
