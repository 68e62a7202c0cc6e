"""Invariant: where a studio refuses it, no instructor and no room is on two slots at the same time.

The house makes the slots of a series whatever they meet, and what was so before a studio began to refuse
stays; so there can be some. Where no studio refuses them they are notes: nothing is wrong with the database.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection

from kursplan.doctor.findings import Finding, Invariant, Patient
from kursplan.domain.clashes import Clash, ClashingSlot, overlaps
from kursplan.domain.localtime import local
from kursplan.domain.studios import zone_of
from kursplan.store.rules import clashes


def notes(tx: Connection, organization_id: int, now: datetime) -> list[Finding]:
    """What staff may want to look at, and no studio refuses."""
    patient = Patient(tx, organization_id, now, Invariant.NOT_TWICE_AT_A_TIME, now)
    return [_finding(patient, each) for each in _standing(patient) if not each.refused]


def _not_twice_at_a_time(patient: Patient) -> Iterator[Finding]:
    for each in _standing(patient):
        if each.refused:
            yield _finding(patient, each)


def _standing(patient: Patient) -> tuple[Clash, ...]:
    tx, organization_id = patient.tx, patient.organization_id
    return clashes.told(
        tx, organization_id, overlaps(clashes.to_come(tx, organization_id, patient.now))
    )


def _finding(patient: Patient, clash: Clash) -> Finding:
    one, other = clash.slots
    return patient.finding(
        f"{clash.name} is twice at the same time: on {_slot(one)}, and on {_slot(other)}",
        slot_id=one.slot_id,
    )


def _slot(each: ClashingSlot) -> str:
    start = local(each.starts_at, zone_of(each.zone))
    return f"slot {each.slot_id} ({each.title}, {start:%Y-%m-%d %H:%M})"


LOOKS = ((Invariant.NOT_TWICE_AT_A_TIME, _not_twice_at_a_time),)
