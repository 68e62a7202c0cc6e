"""A calendar (ICS) as a timetable: weekly events are series, everything else its dates.

What is left out of a series (EXDATE), or is different once (RECURRENCE-ID), divides it, as weeks that
are left out of a table do. An event that repeats in a way that no weekly series can (every second week,
on the first Monday of a month, in a zone whose clocks change at other times) comes as its dates, up to a
day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr
from icalendar import Calendar

from kursplan.domain.sentences import Mistaken, Sentence
from kursplan.imports.table import LONGEST_FILE, Unreadable
from kursplan.imports.timetable import Dated, Problem, Read, Traits, Weekly

_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_ONLY_WEEKLY = {"FREQ", "INTERVAL", "BYDAY", "UNTIL", "COUNT", "WKST"}
_MOST_DATES = 5_000
"""Of one event."""


def is_calendar(data: bytes) -> bool:
    return data.lstrip(b"\xef\xbb\xbf \t\r\n")[:15].upper() == b"BEGIN:VCALENDAR"


def read_calendar(data: bytes, zone: ZoneInfo, now: datetime, until: date) -> Read:
    """What takes place by a calendar.

    `zone` is the studio's, `now` its wall time, and `until` the last day of what comes as dates.
    Raises `Unreadable` where it is no calendar, or was cut off.
    """
    if len(data) > LONGEST_FILE:
        says = Sentence("the file has more than %(most)s MiB", most=LONGEST_FILE // 1024**2)
        raise Unreadable(says)
    if not data.rstrip().upper().endswith(b"END:VCALENDAR"):
        raise Unreadable(Sentence("the calendar has no end: it was cut off; export it again"))
    try:
        calendars = Calendar.from_ical(data.decode("utf-8-sig"), multiple=True)
    except (ValueError, KeyError, IndexError) as error:
        why = str(error).splitlines()[0]
        says = Sentence("it is no calendar that can be read: %(why)s", why=why)
        raise Unreadable(says) from error
    read = Read()
    for calendar in calendars:
        _Events(calendar, zone, now, until, read).all()
    return read


class _Events:
    def __init__(
        self, calendar: Any, zone: ZoneInfo, now: datetime, until: date, read: Read
    ) -> None:
        self._zone = zone
        self._now = now
        self._until = until
        self._read = read
        self._home = self._zone_of(calendar)
        """In which events are that name no zone, or name UTC and repeat."""
        self._events = list(calendar.walk("VEVENT"))

    def all(self) -> None:
        different: defaultdict[str, list[Any]] = defaultdict(list)
        for event in self._events:
            if "RECURRENCE-ID" in event:
                different[str(event.get("UID", ""))].append(event)
        for event in self._events:
            if "RECURRENCE-ID" in event:
                continue
            try:
                self._event(event, different.get(str(event.get("UID", "")), []))
            except Mistaken as mistaken:
                self._read.problems.append(Problem(_called(event), mistaken.says))
            except ValueError as error:
                says = Sentence("can't be read: %(why)s", why=str(error))
                self._read.problems.append(Problem(_called(event), says))

    def _zone_of(self, calendar: Any) -> tzinfo:
        """Google, and others after it, write the zone of the calendar in a member of their own."""
        named = str(calendar.get("X-WR-TIMEZONE", "")).strip()
        try:
            return ZoneInfo(named) if named else self._zone
        except (ValueError, LookupError, OSError):
            return self._zone

    def _event(self, event: Any, different: list[Any]) -> None:
        if str(event.get("STATUS", "")).upper() == "CANCELLED":
            self._read.cancelled += 1
            return
        begins = self._moment(event["DTSTART"].dt if "DTSTART" in event else None)
        traits = self._traits(event)
        if "RRULE" not in event:
            self._date(begins, traits, event)
        else:
            self._repeating(event, begins, traits, different)
        for other in self._listed(event, "RDATE", begins):
            self._date(other, traits, event)
        for other in different:
            self._different(other, event, traits)

    def _date(self, begins: datetime, traits: Traits, event: Any) -> None:
        start = self._local(begins)
        if start <= self._now:
            self._read.past += 1
        else:
            self._read.dated.append(Dated(start, traits, _called(event)))

    def _different(self, event: Any, series: Any, traits: Traits) -> None:
        """One date of a series that is not like the others; or is, and then is none of its own."""
        if str(event.get("STATUS", "")).upper() == "CANCELLED":
            self._read.cancelled += 1
        elif not self._is_as_planned(event, traits):
            self._date(self._moment(event["DTSTART"].dt), self._traits(event, traits.title), series)

    def _is_as_planned(self, event: Any, traits: Traits) -> bool:
        planned = self._local(self._moment(event["RECURRENCE-ID"].dt))
        stands = self._local(self._moment(event["DTSTART"].dt))
        cancelled = str(event.get("STATUS", "")).upper() == "CANCELLED"
        return not cancelled and stands == planned and self._traits(event, traits.title) == traits

    def _repeating(
        self, event: Any, begins: datetime, traits: Traits, different: list[Any]
    ) -> None:
        rules = event["RRULE"]
        if isinstance(rules, list):
            raise Mistaken(Sentence("repeats by several rules"))
        gaps = {self._local(each) for each in self._listed(event, "EXDATE", begins)}
        gaps |= {
            self._local(self._moment(each["RECURRENCE-ID"].dt))
            for each in different
            if not self._is_as_planned(each, traits)
        }
        starts = self._starts(rules, begins)
        weekdays = _weekdays(rules, begins)
        if weekdays is None or not self._keeps_time(begins, weekdays):
            self._by_dates(event, starts, gaps, traits)
            return
        last = None
        if "UNTIL" in rules or "COUNT" in rules:
            taking_place = list(starts)
            if not taking_place:
                self._read.past += 1
                return
            last = self._local(taking_place[-1]).date()
        start = self._local(begins)
        # A day that its zone and the studio's date differently is another weekday here.
        shift = (start.date() - begins.date()).days
        weekdays = frozenset((each + shift) % 7 for each in weekdays)
        today = self._now.date() + timedelta(days=self._now.time() >= start.time())
        if last is not None and last < today:
            self._read.past += 1
            return
        weekly = Weekly(
            weekdays, start.time(), max(start.date(), today), last, traits, _called(event)
        )
        days = {each.date() for each in gaps if each.time() == start.time()}
        self._read.weekly.extend(weekly.without(days))

    def _by_dates(
        self, event: Any, starts: Iterator[datetime], gaps: set[datetime], traits: Traits
    ) -> None:
        dated = []
        for each in starts:
            if each.date() > self._until:
                break
            if self._local(each) not in gaps:
                dated.append(each)
        for each in dated:
            self._date(each, traits, event)

    def _starts(self, rules: Any, begins: datetime) -> Iterator[datetime]:
        """When it takes place by its rule, in the zone of the event; at most `_MOST_DATES` times."""
        rule = dict(rules)
        if "UNTIL" in rule:
            [until] = rule["UNTIL"]
            if isinstance(until, datetime) and until.tzinfo is not None:
                until = until.astimezone(begins.tzinfo).replace(tzinfo=None)
            elif not isinstance(until, datetime):
                until = datetime.combine(until, datetime.max.time().replace(microsecond=0))
            rule["UNTIL"] = [until]
        text = type(rules)(rule).to_ical().decode()
        plain = begins.replace(tzinfo=None)
        for count, each in enumerate(rrulestr(text, dtstart=plain)):
            if count >= _MOST_DATES:
                return
            yield each.replace(tzinfo=begins.tzinfo)

    def _keeps_time(self, begins: datetime, weekdays: frozenset[int]) -> bool:
        """Whether it is at one time of the studio all year."""
        if not weekdays:
            return False
        a_year = (begins + timedelta(weeks=week) for week in range(53))
        return len({self._local(each).time() for each in a_year}) == 1

    def _moment(self, told: Any) -> datetime:
        """A moment in the zone by which it repeats."""
        if not isinstance(told, datetime):
            raise Mistaken(
                Sentence("has no start") if told is None else Sentence("has no time of day")
            )
        if told.tzinfo is None:
            return told.replace(tzinfo=self._home)
        if told.utcoffset() == timedelta(0) and told.tzname() in ("UTC", "Z"):
            return told.astimezone(self._home)
        return told

    def _listed(self, event: Any, name: str, begins: datetime) -> list[datetime]:
        """The moments of a member with several; of a day alone, when it begins on that day."""
        listed = event.get(name, [])
        each_line = listed if isinstance(listed, list) else [listed]
        told = [each.dt for line in each_line for each in line.dts]
        return [
            self._moment(each)
            if isinstance(each, datetime)
            else datetime.combine(each, begins.timetz())
            for each in told
            if isinstance(each, date)
        ]

    def _local(self, moment: datetime) -> datetime:
        """Wall time in the studio."""
        return moment.astimezone(UTC).astimezone(self._zone).replace(tzinfo=None)

    def _traits(self, event: Any, otherwise: str = "") -> Traits:
        title = " ".join(str(event.get("SUMMARY", "")).split()) or otherwise
        if not title:
            raise Mistaken(Sentence("has no title"))
        room = " ".join(str(event.get("LOCATION", "")).split())
        return Traits(title, _minutes(event), (), room)


def _minutes(event: Any) -> int | None:
    if "DTEND" not in event and "DURATION" not in event:
        return None
    minutes = int(event.duration.total_seconds()) // 60
    if not 1 <= minutes <= 24 * 60:
        raise Mistaken(Sentence("takes less than a minute or more than a day"))
    return minutes


def _weekdays(rules: Any, begins: datetime) -> frozenset[int] | None:
    """On which weekdays it takes place; None where it does not do so every week."""
    [frequency] = rules.get("FREQ", [""])
    [interval] = rules.get("INTERVAL", [1])
    days = rules.get("BYDAY", [])
    if {*map(str.upper, rules)} - _ONLY_WEEKLY or int(interval) != 1:
        return None
    if any(str(each) not in _WEEKDAYS for each in days):
        return None
    if frequency == "WEEKLY":
        return frozenset(_WEEKDAYS.index(str(each)) for each in days) or frozenset(
            {begins.weekday()}
        )
    if frequency == "DAILY":
        return frozenset(_WEEKDAYS.index(str(each)) for each in days) or frozenset(range(7))
    return None


def _called(event: Any) -> Sentence:
    title = " ".join(str(event.get("SUMMARY", "")).split())
    start = event["DTSTART"].dt if "DTSTART" in event else None
    if start is None:
        return Sentence("the event “%(title)s”", title=title[:60])
    return Sentence("the event “%(title)s” of %(day)s", title=title[:60], day=f"{start:%Y-%m-%d}")
