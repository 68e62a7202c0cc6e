"""Employees of the key's studio (contract section 4)."""

from __future__ import annotations

from functools import partial

from kursplan.api import wire
from kursplan.api.call import Call
from kursplan.api.error_codes import ErrorCode
from kursplan.api.errors import ApiError
from kursplan.api.slices import after_id, cut, id_offset, size_of
from kursplan.api.wire import given
from kursplan.domain.customers import Gender
from kursplan.domain.names import initials
from kursplan.store.engine.rows import AnyRow
from kursplan.store.partner import directory


async def employees(call: Call) -> wire.Slice[wire.Employee]:
    size = size_of(call)
    begin = after_id(call)
    found = await call.read(
        partial(
            directory.employees,
            organization_id=call.caller.organization_id,
            studio_id=call.caller.studio_id,
            after=begin.id,
            skip=begin.skip,
            limit=size + 1,
        )
    )
    return cut(found, size, call, offset_of=lambda row: id_offset(row.id), show=_employee)


async def employee_by_id(call: Call) -> wire.Employee:
    found = await call.read(
        partial(
            directory.employee_by_id,
            organization_id=call.caller.organization_id,
            studio_id=call.caller.studio_id,
            employee_id=call.path_id("id"),
        )
    )
    if found is None:
        raise ApiError(ErrorCode.EMPLOYEE_NOT_FOUND)
    return _employee(found)


def _employee(row: AnyRow) -> wire.Employee:
    return wire.Employee(
        id=row.id,
        first_name=row.first_name,
        last_name=row.last_name,
        public_name=given(row.public_name),
        employee_initials=row.initials or initials(row.first_name, row.last_name),
        gender=row.gender or Gender.UNISEX,
        business_role=given(row.business_role),
    )
