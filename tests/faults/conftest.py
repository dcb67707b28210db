"""A box, a workspace and a ledger, as the built-in agent's own tests have them."""

import pytest

from tests.agents.conftest import box
from tests.agents.conftest import events
from tests.agents.conftest import ledger
from tests.agents.conftest import workspace

__all__ = ["box", "events", "ledger", "workspace"]

# Their asserts shall tell what they compared, as those of tests do.
pytest.register_assert_rewrite("tests.faults.booking", "tests.faults.checks")
