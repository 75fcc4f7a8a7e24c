"""Connections that a slow client cannot hold: uvicorn has no limit of time for a request's head.

Bodies that a route reads are watched by ``limits`` and ``streaming``. This watches what stands
before and behind them: a head that does not arrive whole, the rest of a body that was answered
before it was read, and an answer that the client does not take. Source: the attack known as slow
loris; uvicorn's settings know only ``timeout_keep_alive``, which ends with a request's first byte.
"""

import asyncio
from datetime import timedelta
from http import HTTPStatus
from typing import ClassVar, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from hosted_numbers.gateway.problems import CLOSE, Problem

HEAD_PATIENCE: Final = timedelta(seconds=10)
ANSWER_PATIENCE: Final = timedelta(seconds=60)


class SlowClientProtocol(H11Protocol):
    """uvicorn's HTTP/1.1, with an end to every wait for the client.

    An answer that is being sent and taken, such as a stream of events, may go on for ever.

    Attributes:
        head_patience: how long a head may take to arrive, from the connection's first moment or,
            on a connection that is kept alive, from the head's first byte; and as long again may
            the rest of a body take that nobody reads any more.
        answer_patience: how long a client may take nothing of an answer.
    """

    head_patience: ClassVar[timedelta] = HEAD_PATIENCE
    answer_patience: ClassVar[timedelta] = ANSWER_PATIENCE

    _incoming: asyncio.TimerHandle | None = None
    _outgoing: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as its base has it
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._watch_incoming()

    def data_received(self, data: bytes) -> None:
        """Take bytes; more bytes alone give no more time."""
        super().data_received(data)
        self._watch_incoming()
        if self.transport.is_closing():  # they were no HTTP
            self._watch_outgoing()

    def on_response_complete(self) -> None:
        """Between two requests the connection is uvicorn's to close."""
        super().on_response_complete()
        self._watch_incoming(idle=True)
        self._watch_outgoing()

    def pause_writing(self) -> None:
        """The client takes the answer slowly, or not at all."""
        super().pause_writing()
        self._watch_outgoing()

    def resume_writing(self) -> None:
        """The client takes the answer."""
        super().resume_writing()
        self._watch_outgoing()

    def timeout_keep_alive_handler(self) -> None:
        """Closing waits until everything is written, which a client can put off."""
        super().timeout_keep_alive_handler()
        self._watch_outgoing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Watch no more."""
        super().connection_lost(exc)
        for timer in (self._incoming, self._outgoing):
            if timer is not None:
                timer.cancel()

    def _watch_incoming(self, *, idle: bool = False) -> None:
        waiting = not idle and self._owes_bytes() and not self.transport.is_closing()
        if not waiting and self._incoming is not None:
            self._incoming.cancel()
            self._incoming = None
        elif waiting and self._incoming is None:
            delay = self.head_patience.total_seconds()
            self._incoming = self.loop.call_later(delay, self._give_up_on_request)

    def _owes_bytes(self) -> bool:
        """Whether only the client can go on, and no body is being read that ``limits`` watches."""
        answered = self.conn.our_state is h11.DONE
        return self.conn.their_state is h11.IDLE or (
            self.conn.their_state is h11.SEND_BODY and answered
        )

    def _give_up_on_request(self) -> None:
        if self.conn.our_state is h11.IDLE:
            answer = _head_too_slow().response({})
            head = h11.Response(
                status_code=answer.status_code,
                headers=answer.raw_headers,
                reason=HTTPStatus(answer.status_code).phrase.encode("ascii"),
            )
            for event in (head, h11.Data(data=bytes(answer.body)), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event))
        self.transport.close()
        self._watch_outgoing()

    def _watch_outgoing(self) -> None:
        if self._outgoing is not None:
            self._outgoing.cancel()
            self._outgoing = None
        # Otherwise the application may go on writing, and what is left says nothing of the client.
        if self.flow.write_paused or self.transport.is_closing():
            delay = self.answer_patience.total_seconds()
            left = self.transport.get_write_buffer_size()
            self._outgoing = self.loop.call_later(delay, self._give_up_on_answer, left)

    def _give_up_on_answer(self, before: int) -> None:
        """Cut the connection, unless the client took something meanwhile."""
        if self.transport.get_write_buffer_size() < before:
            self._watch_outgoing()
        else:
            self.transport.abort()


def _head_too_slow() -> Problem:
    return Problem(
        408,
        "head-too-slow",
        "The request did not arrive in time",
        detail="The request's first line and headers did not arrive whole.",
        next_step="Send the request again, all at once; nothing was started or changed.",
        headers=CLOSE,
    )
