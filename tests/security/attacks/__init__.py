"""The corpus of attacks on the box, by what they are aimed at."""

from __future__ import annotations

from tests.security.attacks.files import FILES
from tests.security.attacks.kernel import KERNEL
from tests.security.attacks.network import NETWORK
from tests.security.attacks.processes import PROCESSES

ATTACKS = (*FILES, *NETWORK, *PROCESSES, *KERNEL)
