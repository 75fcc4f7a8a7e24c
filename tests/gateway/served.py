"""The gateway as a process of its own, on orders in memory: ``python -m … PORT DIRECTORY``."""

import sys
from pathlib import Path

import uvicorn

from hosted_numbers.blobs import BlobStore
from hosted_numbers.gateway.app import create_app
from hosted_numbers.validation import NewHostedNumberOrder
from tests.gateway.orders_in_memory import NUMBER, ORDER, OrdersInMemory, settings_of_gateway


def main() -> None:
    """Serve until killed; one order is open."""
    port, directory = int(sys.argv[1]), Path(sys.argv[2])
    orders = OrdersInMemory()
    orders.open[NUMBER] = NewHostedNumberOrder.model_validate(ORDER)
    app = create_app(
        settings_of_gateway(hosted_numbers_rate_limit_uploads="1000/hour"),
        orders,
        BlobStore.at(directory.as_uri()),
    )
    uvicorn.run(app, port=port, log_level="error")


if __name__ == "__main__":
    main()
