"""What ``pytest-overnight`` can do without a night: one module a group of commands."""
