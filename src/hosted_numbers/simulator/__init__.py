"""A stateful stand-in for Twilio's APIs for hosted numbers, for one machine.

``app.create_app`` builds the ASGI application, ``server.serve`` runs it, ``config`` says what can
be set. Nothing is imported here, so that reading the fates for a help text needs no web framework.
"""
