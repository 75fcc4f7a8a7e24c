"""Who sent a request: a backend by its API key, an operator who signed in, or a token's holder."""

import hashlib
from dataclasses import dataclass
from typing import Literal

from starlette.types import Scope as AsgiScope

from hosted_numbers.api_keys import SCOPES, ApiKey, Scope


@dataclass(frozen=True)
class Principal:
    """One who may use the gateway.

    Attributes:
        kind: how they were recognised.
        name: names them in the log, without being a secret or a person's address.
        scopes: what they may do; ``admin`` allows everything.
        customer: the only customer whose orders they reach; None reaches all.
    """

    kind: Literal["api-key", "operator", "access-token"]
    name: str
    scopes: frozenset[Scope]
    customer: str | None = None

    @classmethod
    def of_key(cls, key: ApiKey) -> "Principal":
        """A backend."""
        return cls("api-key", key.name, key.scopes, key.customer)

    @classmethod
    def operator(cls, name: str) -> "Principal":
        """A person who may do everything."""
        return cls("operator", name, frozenset(SCOPES))

    @classmethod
    def decoder(cls, subject: str) -> "Principal":
        """A person whom the Temporal UI's identity provider knows: they may read payloads.

        Args:
            subject: what the provider calls them, which may be an e-mail address: the log has its
                digest.
        """
        name = f"person-{hashlib.sha256(subject.encode()).hexdigest()[:12]}"
        return cls("access-token", name, frozenset({"payloads:decode"}))

    def allows(self, scope: Scope) -> bool:
        """Whether they may do what needs this scope."""
        return scope in self.scopes or "admin" in self.scopes


def recognised(scope: AsgiScope, principal: Principal) -> None:
    """Note who sent the request of ``scope``."""
    scope.setdefault("state", {})["principal"] = principal


def principal(scope: AsgiScope) -> Principal | None:
    """Who sent the request; None on a path that is open to all."""
    found: Principal | None = scope.get("state", {}).get("principal")
    return found
