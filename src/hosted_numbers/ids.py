"""Workflow ids: one open workflow per phone number."""

PREFIX = "hosted-number-order/"


def order_workflow_id(phone_number: str) -> str:
    """The workflow id of the order for a number, which is also the order's UniqueName at Twilio.

    Args:
        phone_number: E.164, such as ``+15017122661``. It is a business line that its owner
            publishes, and what the person who watches the Temporal UI looks for.
    """
    return PREFIX + phone_number


def offboarding_workflow_id(phone_number: str) -> str:
    """The workflow id of giving a hosted number back; one at a time."""
    return f"hosted-number-offboarding/{phone_number}"


def document_disposal_id(run_id: str) -> str:
    """The workflow id of deleting the files of an order, which a run of it was."""
    return f"document-disposal/{run_id}"


def bulk_import_workflow_id(import_id: str) -> str:
    """The workflow id of a bulk import.

    Args:
        import_id: 32 hexadecimal digits.
    """
    return f"bulk-import/{import_id}"


def phone_number_of(workflow_id: str) -> str:
    """The number that an order's workflow id names.

    Raises:
        ValueError: the id is not that of an order.
    """
    if not workflow_id.startswith(PREFIX):
        raise ValueError("not the workflow id of a HostedNumberOrder")
    return workflow_id.removeprefix(PREFIX)
