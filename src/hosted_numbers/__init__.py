"""Drive Twilio Hosted Number Orders through their whole life on Temporal.

A backend service needs two names: ``HostedNumberOrders`` in ``hosted_numbers.orders``, to start,
help, watch and cancel orders, and ``HostedNumberOrderRequest`` in ``hosted_numbers.contract``, the
order that it sends.
"""
