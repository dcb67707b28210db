"""The night as one program: preflight, phases, passes, report, notification."""
