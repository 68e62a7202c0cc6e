"""One request as a handler sees it: who calls, what they ask, and what the house offers.

Reading a parameter or a member either gives a value that fits the contract or raises the error
that says what does not fit, where, and what would.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import cached_property
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from kursplan.api.errors import ApiError, Fault
from kursplan.clock import Clock
from kursplan.desk.engine.desk import Desk
from kursplan.desk.engine.turn import Command
from kursplan.domain.actors import Actor
from kursplan.domain.applications import Caller
from kursplan.domain.studios import zone_of
from kursplan.ids import LARGEST_ID
from kursplan.metrics import Metrics
from kursplan.store.engine.database import Database
from kursplan.store.engine.trouble import Work
from kursplan.web.http import BodyTooLarge, Disconnected, Headers, Request

T = TypeVar("T")
Word = TypeVar("Word", bound=StrEnum)

DAYS = "1970-01-01 … 9000-12-31"
"""What calendar arithmetic does not lead out of the calendar."""
EXACT = 2**53
"""Up to here each whole number has a notation with a decimal point of its own."""
IDS = f"1 … {LARGEST_ID}"
_DIGITS = re.compile(r"-?[0-9]{1,40}", re.ASCII)
_WHOLE_NUMBER = re.compile(
    r'(?P<quote>"?)(?P<number>-?[0-9]{1,40})(?:\.0{1,20})?(?P=quote)', re.ASCII
)
"""An id, also in the notations of clients that hold it as text or as a floating-point number."""
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_UTF8 = ("charset=utf-8", "charset=utf8", "charset=us-ascii")
_decode = msgspec.json.Decoder().decode


@dataclass(frozen=True, slots=True)
class Services:
    """What every handler works with."""

    database: Database
    desk: Desk
    clock: Clock
    metrics: Metrics
    max_body_bytes: int


class Call:
    """A request by a known caller."""

    def __init__(
        self, request: Request, caller: Caller, path: Mapping[str, str], services: Services
    ) -> None:
        self._request = request
        self._path = path
        self.caller = caller
        self.services = services
        self.headers: Headers = []
        """What else the answer says when the request succeeds."""
        self.good_until: datetime | None = None
        """The first instant from which the passing of time alone makes another answer of it."""

    @cached_property
    def zone(self) -> ZoneInfo:
        """The zone of the caller's studio."""
        return zone_of(self.caller.zone)

    def now(self) -> datetime:
        return self.services.clock.now()

    async def read(self, work: Work[T]) -> T:
        return await self.services.database.read(work)

    def execute(self, command: Command[T]) -> Awaitable[T]:
        """Have the desk do it, for the application that calls."""
        by = Actor.application(self.caller.integration_id)
        return self.services.desk.execute(command, by=by)

    def changes_at(self, instant: datetime | None) -> None:
        """From that instant on the answer would be another, if nothing else changes it before."""
        if instant is not None and (self.good_until is None or instant < self.good_until):
            self.good_until = instant

    # The path and the query.

    def path_id(self, name: str) -> int:
        return _id_of(name, self._path[name])

    def query(self, name: str) -> str | None:
        return self._request.query.get(name)

    def required_query(self, name: str) -> str:
        value = self.query(name)
        if not value:
            raise ApiError(Fault.PARAMETER_MISSING, reference=name)
        return value

    def query_id(self, name: str) -> int:
        return _id_of(name, self.required_query(name))

    def query_number(self, name: str, *, default: int, least: int, most: int) -> int:
        value = self.query(name)
        if value is None:
            return default
        number = int(value) if _DIGITS.fullmatch(value) else None
        if number is None or not least <= number <= most:
            raise ApiError(
                Fault.PARAMETER_INVALID, reference=name, value=value, allowed=f"{least} … {most}"
            )
        return number

    def query_word(self, name: str, words: Sequence[Word]) -> Word:
        """One of these words; the first where none is given."""
        value = self.query(name)
        if value is None:
            return words[0]
        for word in words:
            if value == word:
                return word
        raise ApiError(
            Fault.PARAMETER_INVALID, reference=name, value=value, allowed=", ".join(words)
        )

    def query_day(self, name: str) -> date | None:
        """A day, or the day in the studio's zone of a date-time with an offset (and a zone)."""
        value = self.query(name)
        if value is None:
            return None
        try:
            if "T" not in value:
                return _in_reach(_day(value))
            # A "+" that was not escaped arrives as a space.
            instant = datetime.fromisoformat(value.partition("[")[0].replace(" ", "+"))
            if instant.tzinfo is not None:
                instant = instant.astimezone(self.zone)
            return _in_reach(instant.date())
        except (ValueError, OverflowError):
            raise ApiError(
                Fault.PARAMETER_INVALID, reference=name, value=value, allowed=DAYS
            ) from None

    def header(self, name: bytes) -> str | None:
        """The header of that name, which is written in small letters."""
        return self._request.header(name)

    # The body.

    async def body(self) -> dict[str, Any]:
        """The members of the JSON object that was sent."""
        encoding = self._request.header(b"content-encoding")
        if encoding is not None and encoding.strip().lower() not in ("", "identity"):
            raise ApiError(Fault.CONTENT_ENCODING_UNSUPPORTED, value=encoding)
        content_type = self._request.header(b"content-type") or ""
        if content_type != "application/json" and not _is_json(content_type):
            raise ApiError(
                Fault.CONTENT_TYPE_UNSUPPORTED, value=content_type, allowed="application/json"
            )
        limit = self.services.max_body_bytes
        try:
            content = await self._request.body(limit)
        except BodyTooLarge:
            raise ApiError(Fault.BODY_TOO_LARGE, limit=limit) from None
        except Disconnected:
            raise ApiError(Fault.BODY_MISSING) from None
        return _members_of(content)


def _members_of(content: bytes) -> dict[str, Any]:
    content = content.removeprefix(codecs.BOM_UTF8)
    if not content.strip():
        raise ApiError(Fault.BODY_MISSING)
    try:
        members = _decode(content)
    except UnicodeDecodeError:
        raise ApiError(Fault.BODY_NOT_UTF8) from None
    except (msgspec.DecodeError, RecursionError) as mistake:
        if not _is_utf8(content):
            raise ApiError(Fault.BODY_NOT_UTF8) from None
        detail = "nested too deeply" if isinstance(mistake, RecursionError) else str(mistake)
        raise ApiError(Fault.BODY_INVALID_JSON, detail=detail) from None
    if not isinstance(members, dict):
        raise ApiError(Fault.BODY_NOT_AN_OBJECT)
    return members


def member_id(members: Mapping[str, Any], name: str) -> int:
    """The id under that name, which must be there; also one that is written as `"1007"` or `1007.0`."""
    value = members.get(name)
    if value is None:
        raise ApiError(Fault.MEMBER_MISSING, reference=name)
    written = value.strip(" ") if isinstance(value, str) else value
    number = written if type(written) is int else _whole_number(written)
    if not 1 <= number <= LARGEST_ID:
        raise ApiError(Fault.MEMBER_INVALID, reference=name, value=value, allowed=IDS)
    return number


def _whole_number(value: object) -> int:
    """The number that is meant by another notation of it; 0 where there is none, or not exactly."""
    if isinstance(value, str) and (found := _WHOLE_NUMBER.fullmatch(value)):
        return int(found["number"])
    if isinstance(value, float) and value.is_integer() and abs(value) < EXACT:
        return int(value)
    return 0


def member_text(members: Mapping[str, Any], name: str) -> str | None:
    """The text under that name; None where it is absent or empty."""
    value = members.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise ApiError(Fault.MEMBER_INVALID, reference=name, value=value, allowed="“…”")
    return value.replace("\0", "") or None


def member_day(members: Mapping[str, Any], name: str) -> date | None:
    """The day under that name; None where it is absent."""
    value = members.get(name)
    if value is None:
        return None
    try:
        return _day(value if isinstance(value, str) else "")
    except ValueError:
        raise ApiError(
            Fault.MEMBER_INVALID, reference=name, value=value, allowed="YYYY-MM-DD"
        ) from None


def _id_of(name: str, value: str) -> int:
    number = int(value) if _DIGITS.fullmatch(value) else _whole_number(value)
    if not 1 <= number <= LARGEST_ID:
        raise ApiError(Fault.PARAMETER_INVALID, reference=name, value=value, allowed=IDS)
    return number


def _day(text: str) -> date:
    """A day as the contract writes it; weeks and days run together are other ISO forms."""
    if not _DAY.fullmatch(text):
        raise ValueError(f"{text!r} is no day")
    return date.fromisoformat(text)


def _in_reach(day: date) -> date:
    """A day that calendar arithmetic does not lead out of the calendar. Raises `ValueError`."""
    if not 1970 <= day.year <= 9000:
        raise ValueError(f"{day} is out of reach")
    return day


def _is_json(content_type: str) -> bool:
    """Whether this is JSON in UTF-8, or at least not said to be anything else."""
    kind, *parameters = re.sub(r'[\s"]', "", content_type.lower()).split(";")
    charsets = [each for each in parameters if each.startswith("charset=")]
    return kind in ("", "application/json") and all(each in _UTF8 for each in charsets)


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True
