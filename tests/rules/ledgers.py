"""Ledgers as anybody may write them: any JSON, shaped more or less like events."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

KINDS = (
    "started box round unused fault wait cut action nudge shadow compaction truncated "
    "switch stopped finished"
).split()
WORDS = [
    *"infra rate suspend talk silent degenerate unreadable finished deadline".split(),
    *"run_command write_file edit_file command_timeout text_call d1 d2".split(),
    *["exit status 1 after 0.1 s\nKeyError: 'x'", "not streamed", "text protocol"],
]
FIELDS = (
    "number round reason seconds kind tool arguments ok repaired tags observation "
    "workspace before after stop load_seconds output_tokens decode_seconds notes "
    "window retried to detail time"
).split()

_plain = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(WORDS)
)
anything = st.recursive(
    _plain,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["path", "command", ""]) | st.text(max_size=5),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)


@st.composite
def _events(draw: st.DrawFn) -> dict[str, Any]:
    fields = draw(st.dictionaries(st.sampled_from(FIELDS), anything, max_size=6))
    return {"event": draw(st.sampled_from(KINDS) | anything), **fields}


ledgers = st.lists(_events() | anything, max_size=12)
"""What a user's own agent may leave behind."""
