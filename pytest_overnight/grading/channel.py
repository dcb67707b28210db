"""The judge's end of one socket: ask, and meanwhile answer what the child asks."""

from __future__ import annotations

import random
import socket
import threading
from typing import TYPE_CHECKING
from typing import Any
from typing import NoReturn

from pytest_overnight.grading.errors import MESSAGE_CAP
from pytest_overnight.grading.errors import CodeError
from pytest_overnight.grading.errors import CodeGone
from pytest_overnight.grading.errors import CodeTooBig
from pytest_overnight.grading.errors import JudgeError
from pytest_overnight.grading.errors import ProtocolError
from pytest_overnight.grading.errors import RaisedByJudge
from pytest_overnight.grading.frames import TooBig
from pytest_overnight.grading.frames import Unfit
from pytest_overnight.grading.frames import read_frame
from pytest_overnight.grading.frames import write_frame
from pytest_overnight.grading.lent import Lent
from pytest_overnight.grading.lent import declared_spec

if TYPE_CHECKING:
    from pytest_overnight.grading.link import Link

_nonce = random.SystemRandom().getrandbits


class Channel:
    """Used by one thread only, but for ``lock`` holders (see ``Link.open_threads``)."""

    def __init__(self, link: Link, sock: socket.socket) -> None:
        self._link, self._sock, self._fd = link, sock, sock.fileno()
        self.lock = threading.Lock()
        """Held while a question is open, but not while a callback runs."""

    def __del__(self) -> None:
        self._link.forget(self._sock)

    def begin(self) -> None:
        """Wait for the twin's first word; raises as :meth:`request` does."""
        try:
            word = self._hear() or self._end()
        except OSError:
            raise self._link.gone() from None
        if word != ["ready"]:
            self._break("a thread that does not say that it is ready")

    def request(self, operation: str, *arguments: Any) -> Any:
        """Have the child do one operation; return its value.

        Raises :class:`CodeError` when agent code raised, another exception of
        ``errors.py`` when no honest answer came, and first of all whatever one of the
        test's own functions raised meanwhile.
        """
        with self.lock:
            return self.ask(operation, arguments)

    def ask(self, operation: str, arguments: tuple[Any, ...]) -> Any:
        """As :meth:`request`, for a caller that holds the lock."""
        link = self._link
        link.ending.check()
        link.names.asked(operation, arguments)
        nonce = _nonce(62)
        message = ["do", nonce, operation, [*arguments], link.handles.dropped()]
        try:
            frame = link.codec.encode(message)
        except TooBig as error:
            raise CodeTooBig(str(error)) from None
        except Unfit as error:
            raise JudgeError(f"cannot be sent: {error}") from None
        try:
            write_frame(self._fd, frame)
            while (reply := self._hear() or self._end())[0] == "ask":
                self._answer(reply)
        except OSError:
            raise link.gone() from None
        return self._result(reply, nonce)

    def serve(self) -> None:
        """Answer a thread that the agent started, until it or the child ends."""
        self.lock.acquire()
        try:
            while message := self._hear():
                if message[0] != "ask":
                    self._break("a reply without a question")
                self._answer(message)
        except (CodeGone, OSError):
            pass
        except (ProtocolError, CodeTooBig) as error:
            self._link.fault(error)

    def _hear(self) -> list[Any] | None:
        """The next message; None at end of file."""
        link = self._link
        try:
            frame = read_frame(self._fd, link.reply_cap)
            return None if frame is None else link.codec.decode(frame)
        except TooBig as error:
            text = str(error)
            link.end(lambda: CodeTooBig(text))
            raise CodeTooBig(text) from None
        except Unfit as error:
            self._break(str(error))

    def _end(self) -> NoReturn:
        raise self._link.gone()

    def _break(self, what: str) -> NoReturn:
        error = ProtocolError(f"the child broke the protocol: {what}")
        self._link.end(lambda: ProtocolError(str(error)))
        raise error

    def _result(self, reply: list[Any], nonce: int) -> Any:
        verb = reply[0]
        size = _SIZES.get(verb) if type(verb) is str else None
        if size != len(reply) or type(reply[1]) is not int or reply[1] != nonce:
            self._break("a reply to no question of ours")
        if self._link.faults:
            raise self._link.faults[0]
        if verb == "err":
            raise self._error(reply[2:])
        if verb == "big":
            raise CodeTooBig(str(reply[2])[:MESSAGE_CAP])
        if verb == "flt":
            self._break("a fault without a fault")
        return reply[2]

    def _error(self, fields: list[Any]) -> CodeError:
        name, message, module, bases, where = fields
        kinds = {str, *map(type, bases)} if type(bases) is list else {list}
        if {type(name), type(message), type(module), type(where)} | kinds != {str}:
            self._break("an error that is not text")
        return CodeError(
            name[:200],
            message[:MESSAGE_CAP],
            module[:200],
            tuple(b[:200] for b in bases[:40]),
            where[:400],
        )

    # -- answering ----------------------------------------------------------------

    def _answer(self, message: list[Any]) -> None:
        link = self._link
        if [type(part) for part in message[1:]] != [int, str, list, dict]:
            self._break("a question with a wrong form")
        _, number, operation, args, kwargs = message
        lent = link.lent.get(number)
        if lent is None:
            self._break("an object that the judge never sent")
        link.enter(lent.name, 1)
        self.lock.release()
        try:
            answer = self._use(lent, operation, args, kwargs)
        finally:
            self.lock.acquire()
            link.enter(lent.name, -1)
        write_frame(self._fd, answer)

    def _use(
        self, lent: Lent, operation: str, args: list[Any], kwargs: dict[str, Any]
    ) -> bytes:
        """The frame that answers one use of an object of the judge's."""
        link = self._link
        try:
            value = lent.answer(operation, args, kwargs)
            return link.codec.encode(["ans", value])
        except KeyboardInterrupt:
            raise
        except RaisedByJudge as error:
            link.names.note("target", error.target)
            reply = ["raise", error.target, [*error.arguments]]
        except BaseException as error:
            reply = self._refusal(lent, error)
        try:
            return link.codec.encode(reply)
        except Unfit as error:
            link.fault(_unsendable(lent, error))
            return link.codec.encode(["fault"])

    def _refusal(self, lent: Lent, error: BaseException) -> list[Any]:
        trace = error.__traceback__
        inner = trace.tb_next.tb_next if trace and trace.tb_next else None
        if isinstance(error, TypeError) and inner is None and lent.kind == "function":
            # Raised by the call itself: agent code gave the wrong arguments.
            return ["raise", "TypeError", [str(error)]]
        if isinstance(error, lent.raises):
            return ["raise", *declared_spec(error, lent.raises)]
        if isinstance(error, CodeGone) and self._link.ending.reason is not None:
            return ["fault"]  # no fault of the test: its child ended meanwhile
        if isinstance(error, Unfit):
            error = _unsendable(lent, error)
        self._link.fault(error)
        return ["fault"]


def _unsendable(lent: Lent, error: Unfit) -> Exception:
    """No :class:`JudgeError`: agent code chose the arguments that led to it."""
    if isinstance(error, TooBig):
        return CodeTooBig(f"{lent.name}: {error}")
    return TypeError(f"{lent.name} gave what cannot be sent: {error}")


_SIZES = {"ret": 3, "err": 7, "flt": 2, "big": 3}
