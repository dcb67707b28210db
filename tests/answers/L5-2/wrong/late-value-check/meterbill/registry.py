"""The services by name. A service is a module like ``meterbill.power``."""

from __future__ import annotations

from types import ModuleType

from meterbill import heat
from meterbill import power
from meterbill import water
from meterbill.errors import BillingError

__all__ = ["register", "service", "service_names"]

_services: dict[str, ModuleType] = {}


def register(name: str, module: ModuleType) -> None:
    """Make a service known, in place of an earlier one of that name."""
    _services[name] = module


def service(name: str) -> ModuleType:
    """The service of that name; raises BillingError when there is none."""
    if name not in _services:
        raise BillingError(f"no such service: {name!r}")
    return _services[name]


def service_names() -> list[str]:
    """Names of all services, sorted."""
    return sorted(_services)


for _module in (heat, power, water):
    register(_module.NAME, _module)
