"""Answers to callbacks are timed at the proxy, without what its toxics make of the way."""

from tests.chaos.callback_watch import CallbackWatch

ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"


def test_from_the_last_byte_asked_to_the_first_byte_answered() -> None:
    """A request that a toxic slices counts from its end; each connection by itself."""
    clock = [0.0]
    watch = CallbackWatch(lambda: clock[-1])
    watch.saw(1, "upstream", b"POST ")
    clock.append(5.0)
    watch.saw(1, "upstream", b"/callbacks/twilio")
    watch.saw(2, "upstream", b"POST")
    clock.append(5.5)
    watch.saw(1, "downstream", ANSWER)
    watch.saw(1, "downstream", b"more of it")
    clock.append(7.0)
    watch.saw(2, "downstream", ANSWER.replace(b"204", b"503"))
    assert [(each.at, each.seconds, each.status) for each in watch.answers] == [
        (5.0, 0.5, 204),
        (5.0, 2.0, 503),
    ]


def test_the_next_request_of_a_connection_is_timed_anew() -> None:
    """Connections are kept alive."""
    clock = [0.0]
    watch = CallbackWatch(lambda: clock[-1])
    for moment in (1.0, 2.0):
        clock.append(moment)
        watch.saw(1, "upstream", b"POST")
        clock.append(moment + 0.25)
        watch.saw(1, "downstream", ANSWER)
    assert [each.seconds for each in watch.answers] == [0.25, 0.25]
