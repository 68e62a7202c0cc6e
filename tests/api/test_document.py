"""The document says what the contract says: no operation, member or value more, and none less.

The contract is spelled out here once more, as data and in our own words, because the document
alone cannot tell whether it is right.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import AsyncIterator, Iterable, Iterator
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from starlette.applications import Starlette

from kursplan.api import docs
from kursplan.api.endpoints import ENDPOINTS
from kursplan.api.error_codes import ErrorCode
from kursplan.api.errors import ERRORS
from kursplan.web.languages import LANGUAGES
from tests.referee import Answer, judge, pointer, validator

DOCUMENT = docs.document()
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]

# Method and path: the operation's name, the scope that its key needs, and its errors beyond those
# that every operation has (401, 429, 500, 503) and every operation with a scope (403).
OPERATIONS = {
    ("GET", "/v1/classes"): ("getActiveClasses", "CLASSES_READ", {400}),
    ("GET", "/v1/classes/{classId}"): ("getClassById", "CLASSES_READ", {400, 404}),
    ("GET", "/v1/classes/slots"): ("getClassSlotsForMultipleClasses", "CLASSES_READ", {400}),
    ("GET", "/v1/classes/{classId}/slots"): ("getClassSlots", "CLASSES_READ", {400, 404}),
    ("GET", "/v1/classes/{classId}/slots/{classSlotId}"): (
        "getClassSlotById",
        "CLASSES_READ",
        {400, 404},
    ),
    ("POST", "/v1/classes/booking/validate"): (
        "validateClassSlot",
        "CLASSES_READ",
        {400, 404, 413, 415},
    ),
    ("POST", "/v1/classes/booking/book"): (
        "bookClassSlot",
        "CLASSES_WRITE",
        {400, 404, 409, 413, 415},
    ),
    ("GET", "/v1/classes/booking/{bookingId}"): (
        "getClassBookingById",
        "CLASSES_READ",
        {400, 404},
    ),
    ("DELETE", "/v1/classes/booking/{bookingId}"): (
        "cancelClassSlotById",
        "CLASSES_WRITE",
        {400, 404, 409},
    ),
    ("GET", "/v1/classes/booking"): ("getClassBookingsByCustomerId", "CLASSES_READ", {400, 404}),
    ("GET", "/v1/studios/information"): ("getStudioInformation", "STUDIO_READ", set()),
    ("POST", "/v1/studios/confirmActivation"): ("confirmActivation", None, {409}),
    ("GET", "/v1/customers"): ("getCustomers", "CUSTOMER_READ", {400}),
    ("GET", "/v1/customers/{customerId}"): ("getCustomerById", "CUSTOMER_READ", {400, 404}),
    ("GET", "/v1/customers/by"): ("getCustomerBy", "CUSTOMER_READ", {400, 404}),
    ("POST", "/v1/customers/search"): ("searchCustomers", "CUSTOMER_READ", {400, 413, 415}),
    ("GET", "/v1/cross-studio/customers/by"): (
        "getCrossStudioCustomerBy",
        "CUSTOMER_READ",
        {400, 404},
    ),
    ("GET", "/v1/cross-studio/customers/{customerId}"): (
        "getCrossStudioCustomerById",
        "CUSTOMER_READ",
        {400, 404},
    ),
    ("POST", "/v1/cross-studio/customers/search"): (
        "searchCrossStudioCustomers",
        "CUSTOMER_READ",
        {400, 413, 415},
    ),
    ("GET", "/v1/employees"): ("getEmployees", "EMPLOYEE_READ", {400}),
    ("GET", "/v1/employees/{id}"): ("getEmployee", "EMPLOYEE_READ", {400, 404}),
}

# What a success gives: a schema, [a schema] for a plain array, or nothing.
ANSWERS: dict[str, str | list[str] | None] = {
    "getActiveClasses": "ClassSlicedResult",
    "getClassById": "Class",
    "getClassSlotsForMultipleClasses": "ClassSlotSlicedResult",
    "getClassSlots": "ClassSlotSlicedResult",
    "getClassSlotById": "ClassSlot",
    "validateClassSlot": "ClassSlotValidationResult",
    "bookClassSlot": "ClassSlotBookingResult",
    "getClassBookingById": "ClassSlotBookingResult",
    "cancelClassSlotById": None,
    "getClassBookingsByCustomerId": ["ClassSlotBookingResult"],
    "getStudioInformation": "StudioInformation",
    "confirmActivation": None,
    "getCustomers": "CustomerSlicedResult",
    "getCustomerById": "Customer",
    "getCustomerBy": "Customer",
    "searchCustomers": ["Customer"],
    "getCrossStudioCustomerBy": "Customer",
    "getCrossStudioCustomerById": "Customer",
    "searchCrossStudioCustomers": ["Customer"],
    "getEmployees": "EmployeeSlicedResult",
    "getEmployee": "Employee",
}

# Members of answers; an exclamation mark says that the member is always there.
MEMBERS = {
    "ErrorResponse": "errorMessage! errorCode traceId reference",
    "ClassSlicedResult": "result! hasNext! offset!",
    "ClassSlotSlicedResult": "result! hasNext! offset!",
    "CustomerSlicedResult": "result! hasNext! offset!",
    "EmployeeSlicedResult": "result! hasNext! offset!",
    "Class": "id! title type duration category description imgUrl bookable! cancelCondition",
    "CancelCondition": "cancelationAfterLatestPossible latestCancelTerm",
    "Term": "value! unit!",
    "ClassSlot": (
        "id! startDateTime endDateTime classInformation instructors location "
        "earliestBookingDateTime latestBookingDateTime maxParticipants "
        "maxWaitingListParticipants bookedParticipants additionalParticipants! "
        "waitingListParticipants"
    ),
    "ClassInformation": "id! title",
    "Instructor": "id! firstName! lastName! publicName",
    "Location": "id! name! description",
    "ClassSlotValidationResult": "validationStatus!",
    "ClassSlotBookingResult": (
        "bookingId! bookingStatus! classSlotId! classId! customerId! classSlotStatus! "
        "participantStatus!"
    ),
    "StudioInformation": (
        "studioId! name description country countryCode email telephone website logoUrl street "
        "houseNumber zip city openingDate closingDate openingHours publicOpeningHours "
        "closingHours location accessCodeConfiguration!"
    ),
    "OpeningHours": "dayOfWeekFrom dayOfWeekTo timeFrom timeTo",
    "ClosingHours": "reason dateTimeFrom dateTimeTo",
    "Coordinates": "longitude latitude",
    "AccessCodeConfiguration": "enabled",
    "Customer": (
        "id! status! accessRefusal! customerNumber firstName lastName dateOfBirth email gender "
        "phonePrivateMobile preferredLanguage studioId uuid idlePeriods"
    ),
    "Language": "languageCode! countryCode",
    "IdlePeriod": "id! startDate! endDate! reason unlimited! contract",
    "IdlePeriodContract": "id! rateName!",
    "Employee": "id! firstName! lastName! publicName employeeInitials! gender! businessRole",
}

REQUEST_MEMBERS = {
    "ClassSlotValidationRequest": "customerId! classSlotId!",
    "ClassSlotBookingRequest": "customerId! classSlotId! expectedCustomerStatus",
    "CustomerSearchRequest": "firstName lastName email dateOfBirth",
}

ENUMERATIONS = {
    ("Class", "type"): "STUDIO STREAM",
    ("Term", "unit"): "MINUTES HOURS DAY WEEK MONTH YEAR",
    ("ClassSlotBookingResult", "bookingStatus"): (
        "BOOKED BOOKED_WITH_CONFIRMATION_REQUIRED WAITING_LIST CANCELED"
    ),
    ("ClassSlotBookingResult", "classSlotStatus"): "PLANNED CANCELED COMPLETED",
    ("ClassSlotBookingResult", "participantStatus"): "PARTICIPATING NOT_PARTICIPATING UNSET",
    ("ClassSlotValidationResult", "validationStatus"): (
        "AVAILABLE NOT_AVAILABLE DISPLAY_ONLY STUDIO_CLOSED CUSTOMER_ALREADY_BOOKED CUSTOMER_IDLE "
        "CUSTOMER_IN_OTHER_BOOKING DATE_TIME_BEFORE_EARLIEST_BOOKING_DATE_TIME "
        "DATE_TIME_AFTER_LATEST_BOOKING_DATE_TIME NO_SHOW_PENALTY_ACTIVE NO_CONTINGENT BOOKING_LIMIT_REACHED"
    ),
    ("ClassSlotBookingRequest", "expectedCustomerStatus"): "BOOKED WAITING_LIST",
    ("OpeningHours", "dayOfWeekFrom"): ("MONDAY TUESDAY WEDNESDAY THURSDAY FRIDAY SATURDAY SUNDAY"),
    ("OpeningHours", "dayOfWeekTo"): "MONDAY TUESDAY WEDNESDAY THURSDAY FRIDAY SATURDAY SUNDAY",
    ("Customer", "status"): "MEMBER PROSPECT FORMER_MEMBER",
    ("Customer", "gender"): "MALE FEMALE UNISEX",
    ("Employee", "gender"): "MALE FEMALE UNISEX",
    ("Employee", "businessRole"): (
        "STUDIO_OWNER STUDIO_MANAGER TRAINER SERVICE_EMPLOYEE ADMINISTRATION_OR_FINANCE MARKETING"
    ),
}

SLICE: dict[str, dict[str, Any]] = {
    "offset": {"type": "string", "default": "0"},
    "sliceSize": {"type": "integer", "minimum": 10, "maximum": 100, "default": 50},
}
LARGE_SLICE: dict[str, dict[str, Any]] = {
    "offset": SLICE["offset"],
    "sliceSize": {"type": "integer", "minimum": 50, "maximum": 500, "default": 100},
}
AN_ID: dict[str, Any] = {"type": "integer", "minimum": 1, "maximum": 2**63 - 1}

CRITERIA: dict[str, dict[str, Any]] = {
    "customerNumber": {"type": "string"},
    "cardNumber": {"type": "string"},
    "cardNumberFormat": {"type": "string", "enum": ["DECIMAL", "HEX_MSB", "HEX_LSB"]},
    "barcode": {"type": "string"},
    "debtorId": {"type": "string"},
    "qrCodeUuid": {"type": "string"},
    "pin": {"type": "string"},
}

# Query parameters with their limits; "!" again says that one is required.
QUERIES: dict[str, dict[str, dict[str, Any]]] = {
    "getActiveClasses": SLICE,
    "getClassSlotsForMultipleClasses": {
        "slotWindowStartDate": {"type": "string", "format": "date"},
        "daysAhead": {"type": "integer", "minimum": 1, "maximum": 6, "default": 3},
        **SLICE,
    },
    "getClassSlots": SLICE,
    "getClassBookingsByCustomerId": {"customerId!": AN_ID},
    "getCustomers": {
        "customerStatus": {"type": "string", "enum": ["MEMBER", "PROSPECT"], "default": "MEMBER"},
        **LARGE_SLICE,
        "lastOffsetId": {"type": "string"},
    },
    "getCustomerBy": CRITERIA,
    "getCrossStudioCustomerBy": CRITERIA,
    "getEmployees": SLICE,
}


def resolved(part: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in part:
        _, *names = part["$ref"].split("/")
        part = DOCUMENT
        for name in names:
            part = part[name]
    return part


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def schemas_within(part: object) -> Iterator[dict[str, Any]]:
    """Everything in this part of the document that says which values are allowed."""
    if isinstance(part, dict):
        if "type" in part and not isinstance(part["type"], dict):
            yield part
        for inner in part.values():
            yield from schemas_within(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from schemas_within(inner)


def parts_within(part: object, at: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object in this part of the document, with the JSON pointer to it."""
    inner: Iterable[tuple[object, object]] = ()
    if isinstance(part, dict):
        yield at, part
        inner = part.items()
    elif isinstance(part, list):
        inner = enumerate(part)
    for name, each in inner:
        yield from parts_within(each, at + pointer(str(name)))


def examples_within(part: object) -> Iterator[tuple[str, Any]]:
    """Every example, with the JSON pointer to the schema that it has to fit."""
    for at, each in parts_within(part):
        examples = each.get("examples", [])
        if isinstance(examples, list):
            yield from ((at, example) for example in examples)
        elif "schema" in each:
            yield from (
                (f"{at}/schema", resolved(example)["value"]) for example in examples.values()
            )


def members_of(schema: dict[str, Any]) -> str:
    required = schema.get("required", [])
    return " ".join(name + "!" * (name in required) for name in schema["properties"])


def test_it_is_a_valid_openapi_3_1_document() -> None:
    assert DOCUMENT["openapi"].startswith("3.1.")
    assert [str(problem) for problem in OpenAPIV31SpecValidator(DOCUMENT).iter_errors()] == []


def test_it_has_exactly_the_operations_of_the_contract_with_their_scopes() -> None:
    assert {
        (method, path): (operation["operationId"], operation.get("x-required-scope"))
        for method, path, operation in operations()
    } == {at: (name, scope) for at, (name, scope, _) in OPERATIONS.items()}


def test_the_scope_is_told_in_words_too() -> None:
    for _, _, operation in operations():
        scope = operation.get("x-required-scope")
        told = "Required scope: " + (f"`{scope}`." if scope else "none")
        assert told in " ".join(operation["description"].split())


def test_every_operation_wants_the_key() -> None:
    assert DOCUMENT["security"] == [{"ApiKey": []}]
    scheme = DOCUMENT["components"]["securitySchemes"]["ApiKey"]
    assert (scheme["type"], scheme["in"], scheme["name"]) == ("apiKey", "header", "X-API-KEY")
    assert [
        name for _, _, operation in operations() for name in operation if name == "security"
    ] == []


def test_every_operation_describes_the_errors_that_it_can_have() -> None:
    for method, path, operation in operations():
        _, scope, errors = OPERATIONS[method, path]
        expected = {200, 401, 429, 500, 503} | errors | ({403} if scope else set())
        if method == "GET":
            expected.add(304)
        assert {int(status) for status in operation["responses"]} == expected, path


def test_every_error_is_an_error_response() -> None:
    for _, path, operation in operations():
        for status, response in operation["responses"].items():
            if int(status) >= 400:
                content = resolved(response)["content"]
                assert list(content) == ["application/json"], path
                schema = content["application/json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/ErrorResponse"}, path


def test_every_status_of_the_table_of_errors_is_described_somewhere() -> None:
    described = {int(status) for _, _, op in operations() for status in op["responses"]}
    # A path that has no such method is, by its nature, not an operation; and of a request that
    # never arrived as a whole nobody knows for which operation it was.
    assert {row.status for row in ERRORS.values()} - described == {405, 408, 431}


def test_every_success_gives_what_the_contract_says() -> None:
    found: dict[str, str | list[str] | None] = {}
    for _, _, operation in operations():
        content = operation["responses"]["200"].get("content")
        if content is None:
            found[operation["operationId"]] = None
            continue
        assert list(content) == ["application/json"]
        schema = content["application/json"]["schema"]
        if schema.get("type") == "array":
            found[operation["operationId"]] = [schema["items"]["$ref"].rpartition("/")[2]]
        else:
            found[operation["operationId"]] = schema["$ref"].rpartition("/")[2]
    assert found == ANSWERS


def test_answers_and_requests_have_exactly_the_members_of_the_contract() -> None:
    found = {
        name: members_of(schema) for name, schema in SCHEMAS.items() if schema["type"] == "object"
    }
    assert found == MEMBERS | REQUEST_MEMBERS


def test_clients_are_told_that_there_may_be_further_members() -> None:
    assert [name for name, schema in SCHEMAS.items() if "additionalProperties" in schema] == []


def test_requests_are_what_operations_take() -> None:
    assert {
        operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        for _, _, operation in operations()
        if "requestBody" in operation
    } == set(REQUEST_MEMBERS)


def test_enumerations_have_exactly_the_values_of_the_contract() -> None:
    found = {
        (name, member): " ".join(values)
        for name, schema in SCHEMAS.items()
        for member, inner in schema.get("properties", {}).items()
        if (values := resolved(inner).get("enum"))
    }
    assert found == ENUMERATIONS


def test_the_validation_status_is_a_refusal_to_book_or_available() -> None:
    statuses = SCHEMAS["ValidationStatus"]["enum"]
    up_to_the_last = list(ErrorCode)[: list(ErrorCode).index(ErrorCode.BOOKING_LIMIT_REACHED) + 1]
    assert set(statuses) == {"AVAILABLE", *up_to_the_last}


def test_query_parameters_have_the_limits_and_defaults_of_the_contract() -> None:
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for _, _, operation in operations():
        for parameter in map(resolved, operation["parameters"]):
            if parameter["in"] == "query":
                name = parameter["name"] + "!" * parameter.get("required", False)
                schema = resolved(parameter["schema"])
                words = ["type", "minimum", "maximum", "enum", "default"]
                if schema.get("format") == "date":
                    words.append("format")
                limits = {word: schema[word] for word in words if word in schema}
                found.setdefault(operation["operationId"], {})[name] = limits
    assert found == QUERIES


def test_answers_are_kept_by_the_parameters_that_the_contract_knows() -> None:
    for method, path, operation in operations():
        [endpoint] = [each for each in ENDPOINTS if each.name == f"{method} {path}"]
        known = [p["name"] for p in map(resolved, operation["parameters"]) if p["in"] == "query"]
        assert endpoint.cacheable is None or list(endpoint.cacheable) == known, path


def test_path_parameters_are_ids() -> None:
    for _, path, operation in operations():
        in_path = {
            p["name"]: p for p in map(resolved, operation["parameters"]) if p["in"] == "path"
        }
        assert list(in_path) == re.findall(r"\{(\w+)\}", path)
        for parameter in in_path.values():
            schema = resolved(parameter["schema"])
            assert {word: schema[word] for word in AN_ID} == AN_ID


def test_headers_choose_the_language_and_make_asking_again_cheap_and_booking_repeatable() -> None:
    for method, path, operation in operations():
        headers = [p["name"] for p in map(resolved, operation["parameters"]) if p["in"] == "header"]
        own = {"POST /v1/classes/booking/book": ["Idempotency-Key"]}.get(f"{method} {path}", [])
        if method == "GET":
            own = ["If-None-Match"]
        assert headers == [*own, "Accept-Language"]
    told = " ".join(DOCUMENT["info"]["description"].split())
    for language in LANGUAGES:
        assert re.search(rf"\b{language}\b", told), language


def test_ids_are_integers_that_javascript_holds_and_dates_have_one_format() -> None:
    assert SCHEMAS["Id"]["maximum"] == 2**53 - 1
    for name, schema in SCHEMAS.items():
        for member, inner in schema.get("properties", {}).items():
            reference = inner.get("$ref", "").rpartition("/")[2]
            where = (name, member)
            if member == "id" or (member.endswith("Id") and member != "traceId"):
                assert reference == ("RequestedId" if name.endswith("Request") else "Id"), where
            if member.endswith("DateTime"):
                assert reference == "ZonedDateTime", where
            if member.startswith("dateTime"):
                assert reference == "LocalDateTime", where
            if member.endswith("Date") or member == "dateOfBirth":
                assert reference == "LocalDate", where


def test_nothing_may_be_null() -> None:
    schemas = list(schemas_within(DOCUMENT["paths"])) + list(schemas_within(DOCUMENT["components"]))
    assert [schema for schema in schemas if "null" in schema["type"] or "nullable" in schema] == []


LIMITS = ["RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"]


def test_limits_trace_and_what_makes_asking_again_easy_are_told_in_headers() -> None:
    for method, path, operation in operations():
        expected = {status: ["X-Trace-Id", *LIMITS] for status in operation["responses"]}
        for status, headers in expected.items():
            if int(status) >= 400:
                headers.append("Content-Language")
        if method == "GET":
            expected["200"].append("ETag")
            expected["304"].append("ETag")
        if path == "/v1/classes/booking/book":
            expected["200"].append("Idempotency-Replayed")
        # A request is counted once it is known whose it is.
        expected["401"] = ["X-Trace-Id", "Content-Language", "WWW-Authenticate"]
        for later in ("429", "503"):
            expected[later].append("Retry-After")
        found = {
            status: list(resolved(response)["headers"])
            for status, response in operation["responses"].items()
        }
        assert found == expected, path


def test_headers_that_are_always_there_are_promised() -> None:
    promised = {
        name for name, header in DOCUMENT["components"]["headers"].items() if header.get("required")
    }
    assert promised == {"Content-Language", "ETag", "Retry-After", "WWW-Authenticate", "X-Trace-Id"}


def test_every_example_fits_where_it_stands() -> None:
    tried = 0
    for schema, example in examples_within(DOCUMENT):
        # Strictly: a member that is not described would be a mistake here as in an answer.
        validator(schema).validate(example)
        tried += 1
    assert tried > 100


def test_every_body_has_an_example() -> None:
    assert [
        at
        for at, part in parts_within(DOCUMENT)
        if at.endswith("/application~1json") and not part.get("examples")
    ] == []


def test_no_example_is_without_a_place() -> None:
    named = set(re.findall('"#/components/examples/([A-Za-z]+)"', json.dumps(DOCUMENT)))
    assert named == DOCUMENT["components"]["examples"].keys()


def test_the_errors_shown_as_examples_are_those_of_the_table() -> None:
    as_json = httpx.Headers({"Content-Type": "application/json"})
    for name, response in DOCUMENT["components"]["responses"].items():
        if name == "NotModified":
            continue
        content = response["content"]["application/json"]
        for example in content["examples"].values():
            error = example["value"]
            judge(Answer("GET", "/v1/nothing", 404, as_json, json.dumps(error).encode()))
            row = {str(code): row for code, row in ERRORS.items()}[error["errorCode"]]
            words = re.escape(row.message)
            for placeholder in row.placeholders:
                words = words.replace(re.escape(f"{{{placeholder}}}"), ".+")
            assert re.fullmatch(words, error["errorMessage"])
            assert error.get("reference") == row.reference or row.reference is None


class Addresses(HTMLParser):
    """What a page makes the browser load."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "a":
            self.loaded += [value for name, value in attrs if name in ("src", "href") and value]


@pytest.fixture
async def server() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(Starlette(routes=docs.routes()))
    async with httpx.AsyncClient(transport=transport, base_url="http://kursplan.test") as client:
        yield client


async def test_the_document_is_served_and_not_sent_twice(server: httpx.AsyncClient) -> None:
    response = await server.get("/openapi.json")
    assert response.headers["Content-Type"] == "application/json"
    assert response.json() == DOCUMENT
    etag = response.headers["ETag"]
    for known in (etag, f'"other", {etag}', f"W/{etag}"):
        again = await server.get("/openapi.json", headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag)
    other = await server.get("/openapi.json", headers={"If-None-Match": '"other"'})
    assert (other.status_code, other.json()) == (200, DOCUMENT)


PAGES = (
    *("/docs", "/docs/guide", "/docs/clients", "/docs/webhooks", "/docs/errors"),
    *("/docs/imports", "/docs/gym-file"),
)


async def test_pages_load_nothing_from_another_host(server: httpx.AsyncClient) -> None:
    for page in PAGES:
        answer = await server.get(page)
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        addresses = Addresses()
        addresses.feed(answer.text)
        assert len(addresses.loaded) == 3
        for address in addresses.loaded:
            assert re.match(r"[a-z]+:|//", address) is None
            part = await server.get(urljoin(page, address))
            assert (part.status_code, len(part.content) > 0) == (200, True)
    style = (await server.get("/docs/docs.css")).text
    for address in re.findall(r'url\("([^"]+)"\)', style):
        font = await server.get(urljoin("/docs/docs.css", address))
        assert (font.status_code, font.headers["Content-Type"]) == (200, "font/woff2")


async def test_the_browser_holds_pages_to_their_own_host(server: httpx.AsyncClient) -> None:
    for page in ("/docs", "/docs/guide"):
        policy = (await server.get(page)).headers["Content-Security-Policy"]
        directives = dict(directive.split(maxsplit=1) for directive in policy.split("; "))
        assert directives["default-src"] == "'none'"
        assert set(directives.values()) == {"'none'", "'self'"}


async def test_links_of_pages_lead_somewhere(server: httpx.AsyncClient) -> None:
    for page in PAGES:
        text = (await server.get(page)).text
        for link in re.findall(r'<a [^>]*href="([^"]+)"', text):
            path, _, anchor = link.partition("#")
            if re.match(r"[a-z]+:", path):
                continue
            there = await server.get(urljoin(page, path))
            assert there.status_code == 200, link
            assert not anchor or f'id="{anchor}"' in there.text, link


async def test_the_reference_has_all_that_the_document_says(server: httpx.AsyncClient) -> None:
    """Of each operation its path, parameters, statuses and the members of what it answers."""
    page = html.unescape((await server.get("/docs")).text)
    parts = re.split(r'<details class="operation" id="(\w+)">', page)
    shown = dict(zip(parts[1::2], parts[2::2], strict=True))
    assert shown.keys() == {operation["operationId"] for _, _, operation in operations()}
    for method, path, operation in operations():
        part = shown[operation["operationId"]]
        assert f'data-method="{method}" data-path="{path}"' in part
        for parameter in map(resolved, operation["parameters"]):
            assert re.search(rf'<(input|select)[^>]* name="{parameter["name"]}"', part)
        for status in operation["responses"]:
            assert re.search(rf"\b{status}\b", part)
        for schema in schemas_within(json_of(operation)):
            for member in schema.get("properties", ()):
                assert f"<code>{member}</code>" in part, (path, member)


def json_of(operation: dict[str, Any]) -> list[dict[str, Any]]:
    """The schemas of its request and of its answer, with all that they refer to."""

    def inside(schema: dict[str, Any]) -> dict[str, Any]:
        schema = dict(resolved(schema))
        if "items" in schema:
            schema["items"] = inside(schema["items"])
        if "properties" in schema:
            schema["properties"] = {n: inside(each) for n, each in schema["properties"].items()}
        return schema

    contents = [
        operation.get("requestBody", {}).get("content", {}),
        resolved(operation["responses"]["200"]).get("content", {}),
    ]
    return [inside(each["schema"]) for content in contents for each in content.values()]


async def test_what_the_document_is_asked_for_in_the_form_fits_it(
    server: httpx.AsyncClient,
) -> None:
    """The bodies that stand in the forms are requests that can be sent."""
    page = (await server.get("/docs")).text
    bodies = dict(re.findall(r'<textarea id="(\w+)-body"[^>]*>([^<]*)</textarea>', page))
    sent = {o["operationId"]: o["requestBody"] for _, _, o in operations() if "requestBody" in o}
    assert bodies.keys() == sent.keys()
    for name, body in bodies.items():
        at = sent[name]["content"]["application/json"]["schema"]["$ref"].removeprefix("#")
        validator(at).validate(json.loads(html.unescape(body)))
