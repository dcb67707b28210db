"""The three modules are there."""

import error_handler
import processor
import state_manager


def test_names():
    assert callable(processor.parse)
    assert callable(processor.Processor)
    assert callable(error_handler.ErrorLog)
    assert callable(error_handler.RetryPolicy)
    assert callable(state_manager.StateManager)


def test_policy():
    assert error_handler.RetryPolicy().attempts == 4
