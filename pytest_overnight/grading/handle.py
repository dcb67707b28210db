"""Handles: objects of the agent's, used from the test, living in the child."""

from __future__ import annotations

import threading
import weakref
from collections import deque
from typing import TYPE_CHECKING
from typing import Any
from typing import NoReturn

if TYPE_CHECKING:
    from pytest_overnight.grading.link import Link


class Handle:
    """An object in the child. It bears the agent's names only.

    ``h.method(…)``, ``h(…)``, ``h[k]``, ``len(h)`` and ``k in h`` happen in the child;
    everything else is a verb of ``code``. Comparing handles is refused: an object that
    equals everything must not pass a test.
    """

    # Mangled names: an agent's attribute may have any other.
    __slots__ = ("__class", "__link", "__number", "__received", "__weakref__")

    def __init__(self, link: Link, number: int, name: str) -> None:
        self.__link, self.__number, self.__class = link, number, name
        self.__received = 1

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        link = self.__link

        def method(*args: Any, **kwargs: Any) -> Any:
            return link.channel().request("method", self, name, [*args], kwargs)

        return method

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.__link.channel().request("call", self, [*args], kwargs)

    def __getitem__(self, key: Any) -> Any:
        return self.__link.channel().request("item", self, key)

    def __setitem__(self, key: Any, value: Any) -> None:
        self.__link.channel().request("set_item", self, key, value)

    def __delitem__(self, key: Any) -> None:
        self.__link.channel().request("del_item", self, key)

    def __len__(self) -> int:
        found = self.__link.channel().request("len", self)
        if type(found) is not int:
            raise TypeError(f"len() gave {found!r}")
        return found

    def __contains__(self, key: Any) -> bool:
        return self.__link.channel().request("contains", self, key) is True

    def __repr__(self) -> str:
        return f"<{self.__class} #{self.__number}>"

    def __refuse(self, *_: Any) -> NoReturn:
        raise TypeError(f"compare data, not {self!r}: code.plain(h), code.same_object")

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __refuse
    __bool__ = __iter__ = __refuse
    __hash__ = object.__hash__

    def __del__(self) -> None:
        self.__link.handles.gone.append([self.__number, self.__received])

    def __again(self) -> None:
        self.__received += 1

    def __parts(self) -> tuple[Link, int, str]:
        return self.__link, self.__number, self.__class


def parts(handle: Handle) -> tuple[Link, int, str]:
    """Link, number and class name of a handle."""
    found: tuple[Link, int, str] = handle._Handle__parts()
    return found


class Handles:
    """The handles of one child: one for each object while the test holds it.

    The child counts how often it sent an object, we count how often it came; both
    counts together tell a dropped object from one that is on its way again.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self._live: dict[int, weakref.ref[Handle]] = {}
        self._lock = threading.Lock()
        self.gone: deque[list[int]] = deque()

    def arrive(self, number: int, name: str) -> Handle:
        """The handle for an object that the child has just sent."""
        with self._lock:
            reference = self._live.get(number)
            handle = reference() if reference is not None else None
            if handle is None:
                handle = Handle(self._link, number, name)
                self._live[number] = weakref.ref(handle)
            else:
                handle._Handle__again()
            return handle

    def dropped(self) -> list[list[int]]:
        """``[number, times received]`` of handles let go since the last look."""
        found: list[list[int]] = []
        while self.gone and len(found) < 1000:
            found.append(self.gone.popleft())
        return found
