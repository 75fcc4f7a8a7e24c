"""The operator's password, checked against its argon2id hash.

Sources: RFC 9106; OWASP ASVS 5.0 V11.4.2. A wrong password costs the same work as the right one,
whatever is wrong with it.
"""

import asyncio
from typing import Final

import argon2
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST: Final = 12
"""Characters of a new password; ASVS V6.2.1 asks for 8 and recommends 15."""

LONGEST: Final = 1000
_CHECKS_AT_ONCE: Final = 2  # each takes 64 MB of memory for a moment
_HASHER: Final = argon2.PasswordHasher()
_QUICK_HASHER: Final = argon2.PasswordHasher(time_cost=1, memory_cost=8 << 10, parallelism=1)


class Password:
    """One password.

    Args:
        its_hash: as ``hashed`` made it.
    """

    def __init__(self, its_hash: str) -> None:
        self._hash = its_hash
        self._checks = asyncio.Semaphore(_CHECKS_AT_ONCE)

    async def is_right(self, given: str) -> bool:
        """Whether it is this one; it takes about 50 ms of a processor, in a thread."""
        async with self._checks:
            right = await asyncio.to_thread(self._verify, given[:LONGEST])
        return right and len(given) <= LONGEST

    def _verify(self, given: str) -> bool:
        try:
            return _HASHER.verify(self._hash, given.encode("utf-8", errors="surrogateescape"))
        except (VerificationError, InvalidHashError):
            return False


def hashed(password: str, *, random: bool = False) -> str:
    """The argon2id hash of a password, for HOSTED_NUMBERS_OPERATOR_PASSWORD_HASH.

    Args:
        password: what the operator enters.
        random: whether it was drawn from 2^128 or more: then nobody guesses it, however quickly a
            guess is checked, and the hash is made in a tenth of the time.

    Raises:
        ValueError: it is too short or too long.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise ValueError(f"A password has {SHORTEST} to {LONGEST} characters.")
    return (_QUICK_HASHER if random else _HASHER).hash(password)
