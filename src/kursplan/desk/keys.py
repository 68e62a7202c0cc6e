"""Keys of partners: issued, revoked, and the activation that a partner confirms."""

from __future__ import annotations

from dataclasses import dataclass

from kursplan.desk.engine.turn import Command, Turn
from kursplan.domain.history import EntityKind
from kursplan.ids import fingerprint, new_api_key
from kursplan.store.outbox.dispatch import dispatch_all
from kursplan.store.partner import keys

HINT_LENGTH = 4
"""How many of the last characters of a key stay readable, so that people can tell keys apart."""


@dataclass(frozen=True, slots=True)
class IssueKey(Command[None]):
    """A new API key for an application in a studio; earlier ones stay valid until revoked."""

    name = "issue-key"

    organization_id: int
    integration_id: int
    key_id: int
    key_hash: str
    hint: str

    @classmethod
    def fresh(cls, organization_id: int, integration_id: int, key_id: int) -> tuple[IssueKey, str]:
        """The command for a key that nobody has yet, and the key itself, which nobody stores."""
        key = new_api_key()
        hint = key[-HINT_LENGTH:]
        return cls(organization_id, integration_id, key_id, fingerprint(key), hint), key

    def perform(self, turn: Turn) -> None:
        keys.add(
            turn.note(
                EntityKind.API_KEY, self.key_id, None, {"integration_id": self.integration_id}
            ),
            self.organization_id,
            integration_id=self.integration_id,
            key_id=self.key_id,
            key_hash=self.key_hash,
            hint=self.hint,
            created_at=turn.now,
        )


@dataclass(frozen=True, slots=True)
class RevokeKey(Command[bool]):
    """End a key at once. The answer is whether there was one that still worked."""

    name = "revoke-key"

    organization_id: int
    key_id: int

    def perform(self, turn: Turn) -> bool:
        if not keys.revoke(turn.tx, self.organization_id, self.key_id, turn.now):
            return False
        turn.note(EntityKind.API_KEY, self.key_id, {"revoked": False}, {"revoked": True})
        return True


@dataclass(frozen=True, slots=True)
class ConfirmActivation(Command[None]):
    """From now on the integration receives events: those that are not committed by now."""

    name = "confirm-activation"

    organization_id: int
    integration_id: int

    def perform(self, turn: Turn) -> None:
        if keys.is_confirmed(turn.tx, self.organization_id, self.integration_id):
            return
        dispatch_all(turn.tx, self.organization_id, turn.now)
        tx = turn.note(
            EntityKind.INTEGRATION, self.integration_id, {"confirmed": False}, {"confirmed": True}
        )
        keys.confirm(tx, self.organization_id, self.integration_id, turn.now)
