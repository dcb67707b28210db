"""Everything the built-in agent says to its model, but for the tools' answers."""

from __future__ import annotations

# The task stands in the system message: a server whose window is full drops the oldest
# other messages first, and says nothing about it.
SYSTEM = """\
You are a careful programmer. You work alone in a folder that holds the task's files, \
by calling tools. Nobody can answer questions. Paths are relative to that folder.
Look at the files before you change them. Write at most 150 lines in one call: build \
longer files in pieces with edit_file. Run what you wrote before you finish. Call \
finish when everything is done, or with status "blocked" if it cannot be done.

The task:

{instruction}
"""
BEGIN = "Begin. Call a tool in every answer."

UNUSED = {
    "talk": "There was no tool call. If the task is done, call finish. If not, call "
    "the tool for the next step.",
    "silent": "The answer was empty. Call one tool now; if the task is done, call "
    "finish.",
    "cut": "The answer was cut at the output limit before any tool call. Think less, "
    "and call one tool with a short argument.",
    "degenerate": "The answer repeated itself and was cut off. Call one tool with a "
    "short argument.",
}
"""What the model is told after a round without an action, by reason."""
UNREADABLE = (
    "",  # another seed alone helps most often, and the request stays as it was
    "The tool call could not be read: its arguments were not valid JSON. Send it "
    "again as one call, with at most 40 lines in it.",
)
"""After the first unreadable call in a row, after the second, …"""

LOOPING = {
    "L1": "the answer was the same each time, and will stay the same",
    "L2": "it failed in the same way each time, and will fail again:\n{last}\n",
    "L3": "the same few calls with the same answers go round in a circle",
    "L4": "none of the last calls has changed a file or looked at anything new",
    "L5": "the files were put back to an earlier state again and again",
    "L7": "most of the last calls failed; the last error:\n{last}\n",
}
"""Rule → what the model is told to be going wrong."""
LOOP_NUDGE = "{detail}: {why}. Stop and think, then take a different step."

NOT_CHANGED = (
    "Not finished yet: no file has been changed. Do the task, or call finish again if "
    "nothing is to be done."
)
LAST_FAILED = (
    "Not finished yet: the last command failed ({status}). Look into it, or call "
    "finish again if that is as it should be."
)
OTHERS_FAILED = (
    "Not finished yet: another call of the same answer failed. Look into it, or call "
    "finish again if that is as it should be."
)
NOT_RUN = "Not carried out: the limit of this work is reached."
AFTER_ESCAPE = "Not carried out: a call before it went outside the working folder."
