"""Arms the process that loads it for the instants it is to die at.

``-p tests.chaos.plugin`` loads it in controller and workers alike. A worker has its
warm servers begin in ``servers.py``, which arms those.
"""

from __future__ import annotations

import os
from typing import Any

from tests.chaos import servers
from tests.chaos.instants import ALONE
from tests.chaos.instants import arm_as
from tests.chaos.instants import armed
from tests.chaos.instants import find
from tests.chaos.kills import CONTROLLER
from tests.chaos.kills import WORKER


def _arm() -> None:
    if not armed():
        return
    if os.environ.get(ALONE):
        arm_as(CONTROLLER, WORKER)
    elif "PYTEST_XDIST_WORKER" in os.environ:
        arm_as(WORKER)
    else:
        arm_as(CONTROLLER)
        return
    _lead_servers()


def _lead_servers() -> None:
    owner, name = find("sandbox.supervisor:WarmServer.__init__")
    real = getattr(owner, name)

    def init(self: Any, target: str, *arguments: Any, **more: Any) -> None:
        target = servers.INSTEAD.get(target, target)
        real(self, target, *arguments, **more)

    setattr(owner, name, init)


_arm()
