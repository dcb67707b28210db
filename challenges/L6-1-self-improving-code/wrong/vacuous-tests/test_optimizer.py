"""Tests of the optimizer."""

from pathlib import Path

import performance_optimizer
import workloads

SOURCE = Path("slow_functions.py").read_text(encoding="utf-8")


def test_every_function_is_optimized():
    for name, make_input in workloads.WORKLOADS.items():
        found = performance_optimizer.optimize(SOURCE, name, make_input)
        assert isinstance(found["improved"], bool)
        assert found["after"][1] <= found["before"][1]


def test_a_slow_line_is_found():
    make_input = workloads.WORKLOADS["shared"]
    assert performance_optimizer.slow_lines(SOURCE, "shared", make_input)


def test_profile_counts():
    make_input = workloads.WORKLOADS["shared"]
    assert performance_optimizer.profile(SOURCE, "shared", make_input(10, 0))


def test_a_function_equals_itself():
    make_input = workloads.WORKLOADS["shared"]
    found = performance_optimizer.compare(SOURCE, SOURCE, "shared", make_input)
    assert found["before"] == found["after"]
