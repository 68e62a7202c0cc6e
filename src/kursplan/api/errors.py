"""The one table of errors at the edge: what each is called, its HTTP status, its words, its remedy.

A refusal of the rules and a fault that only the edge can see become an answer here and nowhere else:
whoever notices one raises :class:`ApiError`, and the edge writes it with :func:`render`. A refusal
needs nothing but its code, so that it can be raised wherever the desk returned one.

Values in a message are either ours or come from the request. Those from the request are shown back
so that the mistake is found, but shortened and without characters that could not be printed. Facts
for the log, headers and the choice of the language are deliberately absent.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from string import Formatter
from typing import Final

import msgspec

from kursplan.api.error_codes import ErrorCode
from kursplan.web.languages import translate


class Fault(StrEnum):
    """What can be wrong with a request before any rule is asked, or go wrong in answering it."""

    API_KEY_MISSING = "API_KEY_MISSING"
    API_KEY_INVALID = "API_KEY_INVALID"
    SCOPE_MISSING = "SCOPE_MISSING"
    RATE_LIMIT_EXCEEDED = "RATE_LIMIT_EXCEEDED"
    PATH_NOT_FOUND = "PATH_NOT_FOUND"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    PARAMETER_MISSING = "PARAMETER_MISSING"
    PARAMETER_INVALID = "PARAMETER_INVALID"
    OFFSET_INVALID = "OFFSET_INVALID"
    CRITERION_MISSING = "CRITERION_MISSING"
    BODY_MISSING = "BODY_MISSING"
    BODY_INVALID_JSON = "BODY_INVALID_JSON"
    BODY_NOT_AN_OBJECT = "BODY_NOT_AN_OBJECT"
    BODY_NOT_UTF8 = "BODY_NOT_UTF8"
    MEMBER_MISSING = "MEMBER_MISSING"
    MEMBER_INVALID = "MEMBER_INVALID"
    BODY_TOO_LARGE = "BODY_TOO_LARGE"
    CONTENT_TYPE_UNSUPPORTED = "CONTENT_TYPE_UNSUPPORTED"
    CONTENT_ENCODING_UNSUPPORTED = "CONTENT_ENCODING_UNSUPPORTED"
    REQUEST_MALFORMED = "REQUEST_MALFORMED"
    REQUEST_TIMEOUT = "REQUEST_TIMEOUT"
    REQUEST_HEAD_TOO_LARGE = "REQUEST_HEAD_TOO_LARGE"
    CONCURRENTLY_CHANGED = "CONCURRENTLY_CHANGED"
    SERVER_BUSY = "SERVER_BUSY"
    INTERNAL_ERROR = "INTERNAL_ERROR"


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """One error: its stable code, its HTTP status, its English message, and its meaning.

    The message may hold placeholders such as ``{value}``; ``{reference}`` is the reference itself.
    The meaning is for the documentation: when it happens, and what the client should do. The
    reference is the part of the request that is at fault, where that is always the same one.
    """

    code: ErrorCode | Fault
    status: int
    message: str
    meaning: str
    reference: str | None = None

    @property
    def placeholders(self) -> frozenset[str]:
        """The names of the values that the message needs."""
        return frozenset(name for _, name, _, _ in Formatter().parse(self.message) if name)


_ROWS: Final = (
    # May this customer book this slot?
    ErrorRow(
        ErrorCode.NOT_AVAILABLE,
        400,
        "This class cannot be booked.",
        "The slot is cancelled, completed or started, the customer's access is refused, or the "
        "class does not admit customers of another studio. Do not offer the slot to this customer.",
    ),
    ErrorRow(
        ErrorCode.DISPLAY_ONLY,
        400,
        "This class cannot be booked online.",
        "The class is for display only (`bookable` is false). Show it without a way to book it.",
    ),
    ErrorRow(
        ErrorCode.STUDIO_CLOSED,
        400,
        "The studio is closed at the time of this class.",
        "A closure of the studio (`closingHours`) overlaps the slot. Offer another slot.",
    ),
    ErrorRow(
        ErrorCode.CUSTOMER_ALREADY_BOOKED,
        400,
        "There is already a booking or a place on the waiting list for this class.",
        "The customer already is on this slot, booked or waiting. After a lost answer to a booking, "
        "this is the sign that it was made: read it in the list of the customer's bookings.",
    ),
    ErrorRow(
        ErrorCode.DATE_TIME_BEFORE_EARLIEST_BOOKING_DATE_TIME,
        400,
        "Booking for this class has not opened yet.",
        "It is earlier than the slot's `earliestBookingDateTime`. Try again from then on.",
    ),
    ErrorRow(
        ErrorCode.DATE_TIME_AFTER_LATEST_BOOKING_DATE_TIME,
        400,
        "Booking for this class has closed.",
        "It is later than the slot's `latestBookingDateTime`. Offer another slot.",
    ),
    ErrorRow(
        ErrorCode.NO_SHOW_PENALTY_ACTIVE,
        400,
        "Booking is blocked for a while because classes were missed.",
        "A penalty of one of the studio's no-show rules is running for the customer. It ends by "
        "itself; the customer should ask the studio.",
    ),
    ErrorRow(
        ErrorCode.CUSTOMER_IDLE,
        400,
        "The membership is paused at the time of this class.",
        "An idle period of the customer (`idlePeriods`) covers some time of the slot. Offer a slot "
        "outside of it.",
    ),
    ErrorRow(
        ErrorCode.NO_CONTINGENT,
        400,
        "No membership covers this class, or its bookings are used up.",
        "No membership that is valid on the day of the slot admits the customer, or its contingent "
        "for that period is used up. The customer should ask the studio.",
    ),
    ErrorRow(
        ErrorCode.CUSTOMER_IN_OTHER_BOOKING,
        400,
        "Another class is already booked at this time.",
        "The customer has a seat on another slot that overlaps this one, in any studio of the "
        "organization. Cancel that booking first, or offer another slot.",
    ),
    ErrorRow(
        ErrorCode.BOOKING_LIMIT_REACHED,
        400,
        "This class and its waiting list are full.",
        "Neither a seat nor a position on the waiting list is free. Offer another slot; a place may "
        "become free when somebody cancels.",
    ),
    # May this booking be cancelled?
    ErrorRow(
        ErrorCode.CANCELLATION_TOO_LATE,
        400,
        "It is too late to cancel this booking.",
        "The class's `latestCancelTerm` has passed, and the class refuses later cancellations. The "
        "customer should ask the studio.",
    ),
    ErrorRow(
        ErrorCode.SLOT_STARTED,
        400,
        "This class has already started, so the booking can no longer be cancelled.",
        "The slot has started or is over. The booking stays as it is.",
    ),
    # Booking with an expectation, and saying the same thing twice.
    ErrorRow(
        ErrorCode.EXPECTED_STATUS_NOT_POSSIBLE,
        400,
        "This booking is not possible with the expected status.",
        "The slot can be booked, but not with the `expectedCustomerStatus` of the request: there is "
        "no seat, or no need to wait. Nothing was booked. Ask the customer and try again.",
        "expectedCustomerStatus",
    ),
    ErrorRow(
        ErrorCode.IDEMPOTENCY_KEY_REUSED,
        409,
        "This idempotency key has already been used for a different request.",
        "The same `Idempotency-Key` came with another body within 24 hours. Use a fresh key for "
        "every new request, and the same one only to repeat a request.",
        "Idempotency-Key",
    ),
    # Things that do not exist, or not where this key may see them.
    ErrorRow(
        ErrorCode.CLASS_NOT_FOUND,
        404,
        "This class was not found.",
        "The key's studio has no class with this id that is visible online. Read the list of "
        "classes again.",
        "classId",
    ),
    ErrorRow(
        ErrorCode.CLASS_SLOT_NOT_FOUND,
        404,
        "This class slot was not found.",
        "The key's studio has no slot with this id of a visible class. Slots of another studio are "
        "booked with the key of that studio.",
        "classSlotId",
    ),
    ErrorRow(
        ErrorCode.BOOKING_NOT_FOUND,
        404,
        "This booking was not found.",
        "No slot of the key's studio has a booking with this id. Bookings are read and cancelled "
        "with the key of the studio that holds the slot.",
        "bookingId",
    ),
    ErrorRow(
        ErrorCode.CUSTOMER_NOT_FOUND,
        404,
        "This customer was not found.",
        "There is no such customer where this request may look: in the key's studio, or for "
        "bookings and cross-studio requests in its organization.",
        "customerId",
    ),
    ErrorRow(
        ErrorCode.EMPLOYEE_NOT_FOUND,
        404,
        "This employee was not found.",
        "The key's studio has no employee with this id. Read the list of employees again.",
        "id",
    ),
    ErrorRow(
        ErrorCode.STUDIO_NOT_FOUND,
        404,
        "This studio was not found.",
        "The organization has no such studio.",
    ),
    ErrorRow(
        ErrorCode.SERIES_NOT_FOUND,
        404,
        "This class series was not found.",
        "The studio has no such series.",
    ),
    ErrorRow(
        ErrorCode.LOCATION_NOT_FOUND,
        404,
        "This location was not found.",
        "The studio has no such location.",
    ),
    # Commands of staff.
    ErrorRow(
        ErrorCode.SLOT_NOT_PLANNED,
        400,
        "This class slot has been cancelled or is over and can no longer be changed.",
        "A slot can be changed only while it is planned. Plan a new one instead.",
    ),
    ErrorRow(
        ErrorCode.PARTICIPATION_TOO_EARLY,
        400,
        "It is too early to record participation in this class.",
        "Participation can be set from 30 minutes before the start of the slot.",
    ),
    ErrorRow(
        ErrorCode.BOOKING_NOT_ACTIVE,
        400,
        "This booking is cancelled or only on the waiting list.",
        "What was asked for needs a booking that holds a seat. Read the booking again.",
    ),
    ErrorRow(
        ErrorCode.NO_CONFIRMATION_REQUIRED,
        400,
        "This booking does not need to be confirmed.",
        "The booking does not wait for a confirmation: the class asks for none, or it was given.",
    ),
    ErrorRow(
        ErrorCode.CONFIRMATION_EXPIRED,
        400,
        "The time to confirm this booking has passed.",
        "The term for the confirmation is over, and the seat goes to the next customer. Book again.",
    ),
    ErrorRow(
        ErrorCode.INSTRUCTOR_NOT_ON_SLOT,
        400,
        "This employee does not instruct this class slot.",
        "Only an instructor of the slot can be replaced by a stand-in. Read the slot again.",
    ),
    ErrorRow(
        ErrorCode.INSTRUCTOR_ALREADY_ON_SLOT,
        400,
        "This employee already instructs this class slot.",
        "The stand-in already is an instructor of the slot. Choose another employee.",
    ),
    ErrorRow(
        ErrorCode.TWICE_AT_THE_SAME_TIME,
        400,
        "An instructor or a room would be needed twice at the same time.",
        "An instructor, or a room that is not shared, would be on two slots that overlap, and a studio "
        "of one of them refuses that. Choose another time, room or instructor.",
    ),
    ErrorRow(
        ErrorCode.INVALID_TIMES,
        400,
        "The end must be after the start.",
        "The end does not lie after the start. Send both times again.",
    ),
    ErrorRow(
        ErrorCode.CHANGED_MEANWHILE,
        409,
        "This is no longer as it was shown to you. Please look at it again.",
        "Others changed what was shown before this was decided. Nothing was done. Read it again, and "
        "decide anew.",
    ),
    # The key.
    ErrorRow(
        Fault.API_KEY_MISSING,
        401,
        "The API key is missing. Please send it in the X-API-KEY header.",
        "The request has no `X-API-KEY` header, or an empty one. Send the key with every request.",
        "X-API-KEY",
    ),
    ErrorRow(
        Fault.API_KEY_INVALID,
        401,
        "This API key is not valid.",
        "The key is wrong, revoked or deactivated; which of them is told to nobody. Stop sending it "
        "and ask the studio for a valid one.",
        "X-API-KEY",
    ),
    ErrorRow(
        Fault.SCOPE_MISSING,
        403,
        "This API key does not have the scope {scope}.",
        "The key is valid, but not for this endpoint. Ask the studio to grant the scope.",
        "X-API-KEY",
    ),
    ErrorRow(
        Fault.RATE_LIMIT_EXCEEDED,
        429,
        "Too many requests. Allowed per minute: {limit}. Please try again in {seconds} s.",
        "Requests are counted per key and endpoint, and wrong keys by the address that they come "
        "from. Wait for as long as `Retry-After` says, and spread requests out.",
        "X-API-KEY",
    ),
    # The path and its parameters.
    ErrorRow(
        Fault.PATH_NOT_FOUND,
        404,
        "There is nothing at “{value}”. The nearest known path is {hint}.",
        "No endpoint has this path. Compare it with the documentation, letter by letter.",
    ),
    ErrorRow(
        Fault.METHOD_NOT_ALLOWED,
        405,
        "The method {value} is not supported here. Supported: {allowed}.",
        "The path exists, but not with this method. The `Allow` header names those that it has.",
    ),
    ErrorRow(
        Fault.PARAMETER_MISSING,
        400,
        "The parameter {reference} is missing.",
        "A required query parameter is absent or empty. `reference` names it.",
    ),
    ErrorRow(
        Fault.PARAMETER_INVALID,
        400,
        "The parameter {reference} cannot be “{value}”. Allowed: {allowed}.",
        "A parameter of the query, or an id in the path, is not of the required form or outside of "
        "its limits. `reference` names it.",
    ),
    ErrorRow(
        Fault.OFFSET_INVALID,
        400,
        "The offset cannot be “{value}”. Please begin with 0 and then send the offset of the last "
        "answer.",
        "The offset is none that this list gives out, and no count of elements either.",
        "offset",
    ),
    ErrorRow(
        Fault.CRITERION_MISSING,
        400,
        "At least one of these criteria is needed: {allowed}.",
        "The search names none of the known criteria, or none of which anything is left without "
        "blanks and signs. Names of criteria are written as they stand there, letter by letter.",
    ),
    # The body.
    ErrorRow(
        Fault.BODY_MISSING,
        400,
        "The request needs a body: a JSON object.",
        "The request came without a body.",
        "body",
    ),
    ErrorRow(
        Fault.BODY_INVALID_JSON,
        400,
        "The request body is not valid JSON ({detail}).",
        "The body cannot be read as JSON. The English words in brackets say where reading stopped.",
        "body",
    ),
    ErrorRow(
        Fault.BODY_NOT_AN_OBJECT,
        400,
        "The request body must be a JSON object.",
        "The body is JSON, but an array, a string, a number, `true`, `false` or `null`.",
        "body",
    ),
    ErrorRow(
        Fault.BODY_NOT_UTF8,
        400,
        "The request body is not encoded in UTF-8.",
        "JSON is sent in UTF-8, without any other encoding.",
        "body",
    ),
    ErrorRow(
        Fault.MEMBER_MISSING,
        400,
        "The field {reference} is missing from the request body.",
        "A required member of the body is absent or `null`. `reference` names it.",
    ),
    ErrorRow(
        Fault.MEMBER_INVALID,
        400,
        "The field {reference} cannot be “{value}”. Allowed: {allowed}.",
        "A member of the body is of another type than required or outside of its limits. "
        "`reference` names it.",
    ),
    ErrorRow(
        Fault.BODY_TOO_LARGE,
        413,
        "The request body is too large. Allowed: {limit} bytes.",
        "No request of this API needs a body of that size. Check what is being sent.",
        "body",
    ),
    ErrorRow(
        Fault.CONTENT_TYPE_UNSUPPORTED,
        415,
        "The content type “{value}” is not supported. Please use {allowed}.",
        "The `Content-Type` header announces something else than JSON.",
        "Content-Type",
    ),
    ErrorRow(
        Fault.CONTENT_ENCODING_UNSUPPORTED,
        415,
        "The content encoding “{value}” is not supported. Please send the request body uncompressed.",
        "The `Content-Encoding` header announces a compressed body. No request of this API is long "
        "enough to gain by that.",
        "Content-Encoding",
    ),
    # HTTP itself: the connection is closed behind these.
    ErrorRow(
        Fault.REQUEST_MALFORMED,
        400,
        "The request is not valid HTTP.",
        "The request breaks the rules of HTTP/1.1, or tells in two ways how long its body is. Look at "
        "what writes it.",
    ),
    ErrorRow(
        Fault.REQUEST_TIMEOUT,
        408,
        "The request took too long to arrive.",
        "Head or body of the request did not arrive as a whole in time. Send it again on a new "
        "connection.",
    ),
    ErrorRow(
        Fault.REQUEST_HEAD_TOO_LARGE,
        431,
        "The request has too many headers, or too long ones. Allowed: {headers} headers, {each} bytes "
        "each, {limit} bytes in total.",
        "The address or the headers are longer, or the headers more, than any request of this API "
        "needs. Check what is being sent.",
    ),
    # The answer.
    ErrorRow(
        Fault.CONCURRENTLY_CHANGED,
        409,
        "This was changed by someone else at the same time. Please try again.",
        "Others changed the same things at the same moment, and repeating it did not help. Nothing "
        "was changed by this request. Read the entity again and repeat the request.",
    ),
    ErrorRow(
        Fault.SERVER_BUSY,
        503,
        "The server is busy. Please try again in a moment.",
        "More requests came than can be answered in time, or the server is being restarted. Wait "
        "for as long as `Retry-After` says and repeat the request, with an `Idempotency-Key` if it "
        "books.",
    ),
    ErrorRow(
        Fault.INTERNAL_ERROR,
        500,
        "Something went wrong on our side. Please try again later.",
        "A mistake in the server. Repeat the request once; if it persists, report it together with "
        "its `traceId`, under which the log tells more.",
    ),
)

ERRORS: Final[Mapping[ErrorCode | Fault, ErrorRow]] = {row.code: row for row in _ROWS}
"""Every error that the Open API can answer with, by its code."""


class ApiError(Exception):
    """A request is answered with this error.

    The values are those that the message of the code asks for. They may be taken from the request as
    they are. The reference, if it is not given, is that of the code's row. A ``TypeError`` says that
    a value which the message needs was forgotten.

        raise ApiError(Fault.PARAMETER_INVALID, reference="sliceSize", value="7", allowed="10 … 100")
    """

    def __init__(
        self, code: ErrorCode | Fault, *, reference: str | None = None, **values: object
    ) -> None:
        # The values stay out of the exception's own text: they may be personal, and it is logged.
        super().__init__(str(code))
        self.row = ERRORS[code]
        self.reference = self.row.reference if reference is None else reference
        self.values = values
        given = values.keys() if self.reference is None else {"reference", *values}
        if forgotten := self.row.placeholders - given:
            raise TypeError(f"{code} needs {', '.join(sorted(forgotten))}")

    @property
    def code(self) -> ErrorCode | Fault:
        return self.row.code

    @property
    def status(self) -> int:
        return self.row.status


class _ErrorResponse(msgspec.Struct, omit_defaults=True, rename="camel"):
    """The body of every answer of 4xx and 5xx.

    The deprecated ``args`` and ``typedArgs`` are left out: clients that are generated from the
    published document cannot read the latter.
    """

    error_message: str
    error_code: str
    trace_id: str
    reference: str | None = None


def render(error: ApiError, language: str, trace_id: str) -> bytes:
    """Write the body of the answer: JSON in UTF-8, with the message in a language of LANGUAGES."""
    shown = {name: _printable(_notation(value)) for name, value in error.values.items()}
    reference = None if error.reference is None else _printable(error.reference)
    return msgspec.json.encode(
        _ErrorResponse(
            translate(error.row.message, language).format_map({**shown, "reference": reference}),
            error.code,
            _printable(trace_id),
            reference,
        )
    )


# Enough for every honest value, and too little to make an answer the carrier of somebody's text.
_LONGEST_VALUE: Final = 200


def _printable(text: str) -> str:
    """Shorten a text, and replace what is no printable character: controls, lone surrogates."""
    kept = "".join(
        c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[:_LONGEST_VALUE]
    )
    return kept if len(text) <= _LONGEST_VALUE else kept + "…"


def _notation(value: object) -> str:
    """Write a value about as it stood in the request; of what has parts, only what kind it is."""
    match value:
        case str():
            return value
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float() if abs(value) < 1e100:
            return str(value)
        case list():
            return "[…]"
        case dict():
            return "{…}"
        case _:
            return "…"
