"""The IncomingPhoneNumber resource: what is left of a completed order, and how to off-board it.

Source: https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource
"""

from hosted_numbers.twilio import sids
from hosted_numbers.twilio.answers import decoded
from hosted_numbers.twilio.connection import Connection
from hosted_numbers.twilio.models import IncomingPhoneNumber


class IncomingPhoneNumbers:
    """Look at and delete phone numbers of the account and its subaccounts.

    Each method makes one HTTP call and raises an error of the tree in
    ``hosted_numbers.twilio.errors``; each refuses malformed arguments with InvalidArgumentError
    before anything is sent.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def fetch(self, sid: str, *, account_sid: str) -> IncomingPhoneNumber:
        """Look at one number.

        Args:
            sid: PN….
            account_sid: AC…, who owns the number: the order's ``account_sid``.

        Raises:
            NotFoundError: the account has no such number (any more), 20404.
        """
        operation = "fetch IncomingPhoneNumber"
        answer = await self._connection.send(operation, "GET", _path_of(sid, account_sid))
        return decoded(answer, operation, IncomingPhoneNumber)

    async def delete(self, sid: str, *, account_sid: str) -> None:
        """Take a number off Twilio, which ends its hosting.

        Args:
            sid: PN….
            account_sid: AC…, who owns the number: the order's ``account_sid``.

        Raises:
            NotFoundError: it is gone already, which after an unknown outcome means success.
            RefusedError: it cannot go as it is, for instance as its order is not completed.
        """
        path = _path_of(sid, account_sid)
        await self._connection.send("delete IncomingPhoneNumber", "DELETE", path)


def _path_of(sid: str, account_sid: str) -> str:
    account = sids.checked_sid("account_sid", account_sid, sids.ACCOUNT)
    number = sids.checked_sid("sid", sid, sids.INCOMING_PHONE_NUMBER)
    return f"/2010-04-01/Accounts/{account}/IncomingPhoneNumbers/{number}.json"
