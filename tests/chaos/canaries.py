"""What must never be written down where people without need can read it, and how it is found."""

import re
from collections.abc import Iterable, Sequence

from deploy import local
from tests.chaos.evidence import Canary
from tests.chaos.plan import EMAIL_DOMAIN, NAME, TITLE, WRONG_CODE


def canaries_of(where: local.Deployment, codes: Iterable[str]) -> list[Canary]:
    """The canaries of a run.

    Args:
        where: its secrets.
        codes: the right ones that were handed in. Four digits stand everywhere in a log, so these
            are only sought behind the word for them; the wrong ones are long, and sought anywhere.
    """
    token = where.environment("twilio")["TWILIO_AUTH_TOKEN"]
    told = "|".join(sorted(set(codes)))
    found = [
        Canary("e-mail", re.escape(EMAIL_DOMAIN)),
        Canary("contact name", f"{TITLE}|{NAME}"),
        # not as a part of an id in hexadecimal digits, which may hold any
        Canary("wrong code", rf"(?<![0-9a-f]){WRONG_CODE}\d{{5}}(?![0-9a-f])"),
        Canary("auth token", re.escape(token)),
        Canary("API key", re.escape(where.secret("api-key"))),
        Canary("operator's password", re.escape(where.secret("operator-password"))),
    ]
    if told:
        found.append(Canary("right code", rf"(code|digits)\W{{1,4}}({told})\b"))
    return found


def found_in(text: str, canaries: Sequence[Canary]) -> list[str]:
    """The names of the canaries that a text holds."""
    return [each.name for each in canaries if re.search(each.pattern, text, re.IGNORECASE)]
