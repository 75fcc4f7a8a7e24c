"""An end of the server that event streams do not hold up: they would go on as long as it waits."""

import socket

import uvicorn

from hosted_numbers.gateway.order_events import OrderEvents


class GracefulServer(uvicorn.Server):
    """uvicorn's server for the gateway, which ends the streams before it waits for the rest.

    uvicorn tells an application that it ends only after the last request, too late for a stream.
    """

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams, take no more connections, let what is under way finish."""
        events: OrderEvents = self.config.app.state.events  # type: ignore[union-attr] # create_app's
        await events.close()
        await super().shutdown(sockets)
