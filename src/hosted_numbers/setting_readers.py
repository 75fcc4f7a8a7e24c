"""Which process reads which setting, and what each cannot do without where real customers are."""

from typing import Final, Literal, TypeAlias

Process: TypeAlias = Literal["worker", "gateway", "setup", "command line", "simulator"]

_ALL: Final[tuple[Process, ...]] = ("worker", "gateway", "setup", "command line", "simulator")
_WORKER: Final[tuple[Process, ...]] = ("worker",)
_GATEWAY: Final[tuple[Process, ...]] = ("gateway",)
_SERVERS: Final[tuple[Process, ...]] = ("worker", "gateway")
_AT_TEMPORAL: Final[tuple[Process, ...]] = ("worker", "gateway", "setup", "command line")
_WITH_FILES: Final[tuple[Process, ...]] = ("worker", "gateway", "command line")

READERS: Final[dict[str, tuple[Process, ...]]] = {
    "hosted_numbers_env": _ALL,
    "twilio_account_sid": ("worker", "simulator"),
    "twilio_auth_token": ("gateway", "worker", "simulator"),
    "twilio_api_key": ("worker", "simulator"),
    "twilio_api_secret": ("worker", "simulator"),
    "twilio_base_url": _WORKER,
    "public_base_url": _SERVERS,
    "twilio_secondary_auth_token": _GATEWAY,
    "twilio_webhook_key_sid": _GATEWAY,
    "twilio_webhook_key_secret": _GATEWAY,
    "hosted_numbers_webhook_token_accepted": _GATEWAY,
    "hosted_numbers_api_keys": _GATEWAY,
    "hosted_numbers_operator_password_hash": _GATEWAY,
    "hosted_numbers_operator_header": _GATEWAY,
    "hosted_numbers_trusted_proxies": _GATEWAY,
    "hosted_numbers_session_idle_minutes": _GATEWAY,
    "hosted_numbers_session_hours": _GATEWAY,
    "hosted_numbers_rate_limit_starts": _GATEWAY,
    "hosted_numbers_rate_limit_codes": _GATEWAY,
    "hosted_numbers_rate_limit_uploads": _GATEWAY,
    "hosted_numbers_rate_limit_imports": _GATEWAY,
    "hosted_numbers_rate_limit_decodings": _GATEWAY,
    "hosted_numbers_rate_limit_sign_ins": _GATEWAY,
    "hosted_numbers_rate_limit_store": _GATEWAY,
    "hosted_numbers_requests_at_once": _GATEWAY,
    "hosted_numbers_notification_url": _WORKER,
    "hosted_numbers_notification_secrets": _WORKER,
    "hosted_numbers_notification_hosts": _WORKER,
    "hosted_numbers_notification_ports": _WORKER,
    "hosted_numbers_blob_store": _WITH_FILES,
    "hosted_numbers_encryption_keys": _AT_TEMPORAL,
    "hosted_numbers_codec_origins": _GATEWAY,
    "hosted_numbers_codec_jwks_url": _GATEWAY,
    "hosted_numbers_codec_jwt_audience": _GATEWAY,
    "hosted_numbers_codec_jwt_issuer": _GATEWAY,
    "hosted_numbers_document_retention_days": ("worker", "command line"),
    "hosted_numbers_clamd_address": ("gateway", "command line"),
    "hosted_numbers_bulk_window": _WORKER,
    "hosted_numbers_sweep_seconds": ("setup", "command line"),
    "hosted_numbers_temporal_ui_url": _GATEWAY,
    "hosted_numbers_activities_per_second": _WORKER,
    "hosted_numbers_twilio_deadline_seconds": _WORKER,
    "hosted_numbers_twilio_connections": _WORKER,
    "hosted_numbers_temporal_deadline_seconds": ("gateway", "command line"),
    "hosted_numbers_answer_deadline_seconds": ("gateway", "command line"),
    "hosted_numbers_graceful_shutdown_seconds": _SERVERS,
    "hosted_numbers_log_format": ("worker", "gateway", "simulator"),
    "hosted_numbers_metrics_address": _SERVERS,
    "hosted_numbers_otlp_endpoint": _SERVERS,
    "temporal_deployment_name": _WORKER,
    "temporal_worker_build_id": _WORKER,
    "hosted_numbers_alive_file": _WORKER,
    "hosted_numbers_temporal_plaintext": _AT_TEMPORAL,
}
"""Each field of ``Settings``, and who reads it."""

NEEDED: Final[dict[Process, frozenset[str]]] = {
    "worker": frozenset(
        {
            "hosted_numbers_env",
            "twilio_account_sid",
            "twilio_api_key",
            "twilio_api_secret",
            "public_base_url",
            "hosted_numbers_blob_store",
            "hosted_numbers_encryption_keys",
        }
    ),
    "gateway": frozenset(
        {
            "hosted_numbers_env",
            "twilio_auth_token",
            "public_base_url",
            "hosted_numbers_api_keys",
            "hosted_numbers_operator_password_hash",
            "hosted_numbers_blob_store",
            "hosted_numbers_encryption_keys",
        }
    ),
    "setup": frozenset({"hosted_numbers_env", "hosted_numbers_encryption_keys"}),
}
"""What the deploy kit must give each process; other ways (a shared key, a proxy's sign-in) are
chosen by whoever takes them."""

TEMPORAL: Final[dict[str, str]] = {
    "TEMPORAL_ADDRESS": "Temporal's host and port.",
    "TEMPORAL_NAMESPACE": "The namespace.",
    "TEMPORAL_API_KEY": "The key of Temporal Cloud, or of a server that asks for one; it brings "
    "TLS. As a file: ``api_key`` in the profile's file.",
    "TEMPORAL_TLS": "``true``: the connection is encrypted, with the system's authorities.",
    "TEMPORAL_TLS_SERVER_CA_CERT_PATH": "The authority of the server's certificate, as PEM.",
    "TEMPORAL_TLS_SERVER_NAME": "The name in the server's certificate, where it is another.",
    "TEMPORAL_TLS_CLIENT_CERT_PATH": "Our certificate, as PEM, for a server that asks for one.",
    "TEMPORAL_TLS_CLIENT_KEY_PATH": "Its key.",
    "TEMPORAL_CONFIG_FILE": "A TOML file of profiles, as the ``temporal`` command line reads it; "
    "it may hold all of the above, so it is a secret where it holds a key.",
    "TEMPORAL_PROFILE": "Which of them.",
}
"""The SDK's own variables that we know of, which each process that talks to Temporal reads."""
