"""Awaitables: each child thread keeps one event loop for the whole test."""

from __future__ import annotations

import _thread
from collections.abc import Callable
from typing import Any

from pytest_overnight.grading.inside.modules import library

_loops = _thread._local()


def is_awaitable(x: Any) -> bool:
    """Whether ``await x`` would work; no attribute of the object itself is asked."""
    return hasattr(type(x), "__await__")


def finish(x: Any) -> Any:
    """Run an awaitable to its end on this thread's loop; return its result."""
    asyncio = library("asyncio")
    running = asyncio._get_running_loop()
    if running is not None:
        return _finish_inside(asyncio, x)
    loop = getattr(_loops, "loop", None)
    if loop is None or loop.is_closed():
        loop = _loops.loop = _new_loop(asyncio)
    asyncio.set_event_loop(loop)
    return loop.run_until_complete(_whole(x))


def _finish_inside(asyncio: Any, x: Any) -> Any:
    """A nested call on a thread whose loop is busy with the outer one."""
    outer = asyncio._get_running_loop()
    loop = _new_loop(asyncio)
    asyncio._set_running_loop(None)
    try:
        return loop.run_until_complete(_whole(x))
    finally:
        loop.close()
        asyncio._set_running_loop(outer)


class VirtualTime:
    """A clock that jumps to the next timer when nothing else is left to do."""

    on = False
    now = 0.0
    outstanding = 0
    """Threads at work for a coroutine: their answer comes without a timer."""


def _new_loop(asyncio: Any) -> Any:
    loop = asyncio.new_event_loop()
    if VirtualTime.on:
        loop.time = lambda: VirtualTime.now
        loop._selector.select = _jump(loop._selector.select)
    return loop


def _jump(select: Callable[[float | None], Any]) -> Callable[[float | None], Any]:
    def virtual_select(timeout: float | None) -> Any:
        if timeout is None or VirtualTime.outstanding:
            return select(None)
        ready = select(0)
        if not ready:
            VirtualTime.now += timeout
        return ready

    return virtual_select


async def _whole(x: Any) -> Any:
    return await x


async def in_thread(work: Callable[[], Any]) -> Any:
    """Await ``work()`` done by a thread of its own.

    Not ``asyncio.to_thread``: its pool is as small as the machine, and twelve waits
    that meet at a barrier would hang on two cores.
    """
    loop = library("asyncio").get_running_loop()
    future = loop.create_future()

    VirtualTime.outstanding += 1

    def run() -> None:
        try:
            result, error = work(), None
        except BaseException as raised:
            result, error = None, raised
        VirtualTime.outstanding -= 1
        try:
            loop.call_soon_threadsafe(_settle, future, result, error)
        except RuntimeError:  # the loop was closed: nobody waits any more
            pass

    _thread.start_new_thread(run, ())
    return await future


def _settle(future: Any, result: Any, error: BaseException | None) -> None:
    if future.done():  # cancelled
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)
