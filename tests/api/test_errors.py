"""One table of errors: complete, stable, and safe to fill with whatever a request holds."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kursplan.api import errors
from kursplan.api.error_codes import CODES, ErrorCode
from kursplan.api.errors import ERRORS, ApiError, Fault, render
from kursplan.api.errors_page import errors_page
from kursplan.domain.refusals import Kind
from kursplan.web.languages import LANGUAGES

ROOT = Path(__file__).parents[2]

# A partner's program compares these, in the order in which the rules are asked.
WHY_A_BOOKING_IS_REFUSED = [
    "NOT_AVAILABLE",
    "DISPLAY_ONLY",
    "STUDIO_CLOSED",
    "CUSTOMER_ALREADY_BOOKED",
    "DATE_TIME_BEFORE_EARLIEST_BOOKING_DATE_TIME",
    "DATE_TIME_AFTER_LATEST_BOOKING_DATE_TIME",
    "NO_SHOW_PENALTY_ACTIVE",
    "CUSTOMER_IDLE",
    "NO_CONTINGENT",
    "CUSTOMER_IN_OTHER_BOOKING",
    "BOOKING_LIMIT_REACHED",
]

STATUS_OF_FAULT = {
    Fault.API_KEY_MISSING: 401,
    Fault.API_KEY_INVALID: 401,
    Fault.SCOPE_MISSING: 403,
    Fault.RATE_LIMIT_EXCEEDED: 429,
    Fault.PATH_NOT_FOUND: 404,
    Fault.METHOD_NOT_ALLOWED: 405,
    Fault.PARAMETER_MISSING: 400,
    Fault.PARAMETER_INVALID: 400,
    Fault.OFFSET_INVALID: 400,
    Fault.CRITERION_MISSING: 400,
    Fault.BODY_MISSING: 400,
    Fault.BODY_INVALID_JSON: 400,
    Fault.BODY_NOT_AN_OBJECT: 400,
    Fault.BODY_NOT_UTF8: 400,
    Fault.MEMBER_MISSING: 400,
    Fault.MEMBER_INVALID: 400,
    Fault.BODY_TOO_LARGE: 413,
    Fault.CONTENT_TYPE_UNSUPPORTED: 415,
    Fault.CONTENT_ENCODING_UNSUPPORTED: 415,
    Fault.REQUEST_MALFORMED: 400,
    Fault.REQUEST_TIMEOUT: 408,
    Fault.REQUEST_HEAD_TOO_LARGE: 431,
    Fault.CONCURRENTLY_CHANGED: 409,
    Fault.SERVER_BUSY: 503,
    Fault.INTERNAL_ERROR: 500,
}


def body(error: ApiError, language: str = "en", trace_id: str = "trace-1") -> dict[str, object]:
    decoded: dict[str, object] = msgspec.json.decode(render(error, language, trace_id))
    return decoded


def test_every_refusal_and_every_fault_has_one_row_and_every_row_is_one_of_them() -> None:
    assert [row.code for row in errors._ROWS] == [*ErrorCode, *Fault]


def test_a_code_is_its_own_name() -> None:
    assert [str(code) for code in ERRORS] == [code.name for code in ERRORS]


def test_the_reasons_against_a_booking_stand_in_the_order_in_which_they_are_asked() -> None:
    assert list(ErrorCode)[: len(WHY_A_BOOKING_IS_REFUSED)] == WHY_A_BOOKING_IS_REFUSED


def test_each_kind_of_refusal_has_one_word_on_the_wire_and_the_words_are_those_of_its_rule() -> (
    None
):
    """The contract's words, to the letter: all of NOT_AVAILABLE is one word to partners."""
    assert {kind: str(code) for kind, code in CODES.items()} == {
        kind: str(kind.rule) for kind in Kind
    }
    # The contract has a word for what no rule refuses for yet.
    assert set(ErrorCode) - set(CODES.values()) == {ErrorCode.NO_SHOW_PENALTY_ACTIVE}


def test_no_two_errors_tell_the_same_and_none_tells_nothing() -> None:
    messages = [row.message for row in ERRORS.values()]
    assert len(set(messages)) == len(messages)
    assert all(row.message.endswith(".") and row.meaning.endswith(".") for row in ERRORS.values())


@pytest.mark.parametrize("refusal", ErrorCode)
def test_a_refusal_is_400_or_404_when_not_found_or_409_where_two_cross(refusal: ErrorCode) -> None:
    not_found = 404 if refusal.endswith("_NOT_FOUND") else 400
    crossed = (ErrorCode.IDEMPOTENCY_KEY_REUSED, ErrorCode.CHANGED_MEANWHILE)
    expected = 409 if refusal in crossed else not_found
    assert ApiError(refusal).status == expected


@pytest.mark.parametrize("fault", Fault)
def test_a_fault_has_its_status(fault: Fault) -> None:
    assert ERRORS[fault].status == STATUS_OF_FAULT[fault]


@pytest.mark.parametrize("refusal", ErrorCode)
def test_a_refusal_needs_nothing_but_its_code(refusal: ErrorCode) -> None:
    row = ERRORS[refusal]
    expected = {
        "errorMessage": row.message,
        "errorCode": refusal.value,
        "traceId": "trace-1",
        "reference": row.reference,
    }
    assert body(ApiError(refusal)) == {k: v for k, v in expected.items() if v is not None}


def test_an_answer_has_the_members_of_the_contract_and_leaves_out_what_is_absent() -> None:
    assert render(ApiError(ErrorCode.BOOKING_LIMIT_REACHED), "de", "0af7651916cd43dd") == (
        b'{"errorMessage":"Dieser Kurs und seine Warteliste sind voll.",'
        b'"errorCode":"BOOKING_LIMIT_REACHED","traceId":"0af7651916cd43dd"}'
    )


def test_values_stand_in_the_message_and_nowhere_else() -> None:
    error = ApiError(Fault.PARAMETER_INVALID, reference="sliceSize", value="7", allowed="10 … 100")
    assert body(error, "fr") == {
        "errorMessage": "Le paramètre sliceSize ne peut pas être «\u00a07\u00a0». "
        "Valeurs autorisées\u00a0: 10 … 100.",
        "errorCode": "PARAMETER_INVALID",
        "traceId": "trace-1",
        "reference": "sliceSize",
    }


def test_numbers_are_told_as_they_are() -> None:
    error = ApiError(Fault.RATE_LIMIT_EXCEEDED, limit=1000, seconds=42)
    assert body(error)["errorMessage"] == (
        "Too many requests. Allowed per minute: 1000. Please try again in 42 s."
    )


def test_the_reference_of_the_row_yields_to_the_one_that_was_given() -> None:
    assert body(ApiError(ErrorCode.CUSTOMER_NOT_FOUND))["reference"] == "customerId"
    error = ApiError(ErrorCode.CUSTOMER_NOT_FOUND, reference="customerNumber")
    assert body(error)["reference"] == "customerNumber"


def test_a_wrong_a_revoked_and_a_deactivated_key_cannot_be_told_apart() -> None:
    about_keys = [fault for fault in Fault if fault.startswith("API_KEY_")]
    assert about_keys == [Fault.API_KEY_MISSING, Fault.API_KEY_INVALID]
    assert ERRORS[Fault.API_KEY_INVALID].placeholders == frozenset()


@pytest.mark.parametrize(
    ("code", "given", "forgotten"),
    [
        (Fault.PARAMETER_INVALID, {"value": "7"}, "allowed, reference"),
        (Fault.PARAMETER_MISSING, {}, "reference"),
        (Fault.RATE_LIMIT_EXCEEDED, {"seconds": 1}, "limit"),
    ],
)
def test_a_forgotten_value_is_noticed_where_the_error_is_raised(
    code: Fault, given: dict[str, Any], forgotten: str
) -> None:
    with pytest.raises(TypeError, match=f"^{code} needs {forgotten}$"):
        ApiError(code, **given)


def test_the_text_of_the_exception_keeps_the_values_to_itself() -> None:
    error = ApiError(
        Fault.MEMBER_INVALID, reference="email", value="ada@example.org", allowed="text"
    )
    assert (str(error), error.code) == ("MEMBER_INVALID", Fault.MEMBER_INVALID)
    assert "ada@example.org" not in repr(error)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("", ""),
        ("Zoë, 李, 🧘", "Zoë, 李, 🧘"),
        ("a\x00b\nc\x1b[31m\x7f", "a\ufffdb\ufffdc\ufffd[31m\ufffd"),
        ("right\u202eto left", "right\ufffdto left"),
        ("lone \ud800 surrogate \udfff", "lone \ufffd surrogate \ufffd"),
        pytest.param("x" * 200, "x" * 200, id="just not too long"),
        pytest.param("x" * 100_000, "x" * 200 + "…", id="too long"),
        ("{reference} {0.__class__} {} %s", "{reference} {0.__class__} {} %s"),
        ('"\\</script>', '"\\</script>'),
        (2**63, "9223372036854775808"),
        (-1, "-1"),
        pytest.param(10**5000, "…", id="a number of 5001 digits"),
        (1.5, "1.5"),
        (float("nan"), "…"),
        (float("-inf"), "…"),
        (None, "null"),
        (True, "true"),
        (False, "false"),
        ({"secret": "kept"}, "{…}"),
        (["kept"], "[…]"),
        (b"\xff", "…"),
    ],
)
def test_a_value_of_the_request_is_shown_as_it_was_but_harmless(value: object, shown: str) -> None:
    answer = body(ApiError(Fault.MEMBER_INVALID, reference="customerId", value=value, allowed="1"))
    assert answer["errorMessage"] == f"The field customerId cannot be “{shown}”. Allowed: 1."


@given(
    code=st.sampled_from(list(ERRORS)),
    language=st.sampled_from(LANGUAGES),
    hostile=st.text(st.characters(exclude_categories=()), max_size=300),
)
def test_every_error_can_be_told_in_every_language_whatever_the_request_holds(
    code: ErrorCode | Fault, language: str, hostile: str
) -> None:
    values = dict.fromkeys(ERRORS[code].placeholders - {"reference"}, hostile)
    answer = body(ApiError(code, reference=hostile, **values), language, hostile)
    assert answer["errorCode"] == code
    for text in (answer["errorMessage"], answer["reference"], answer["traceId"]):
        assert isinstance(text, str)
        assert len(text) <= 800
        assert text.replace("\u00a0", " ").isprintable()


def test_the_page_of_errors_is_current() -> None:
    committed = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    assert committed == errors_page(), (
        "docs/errors.md differs from the table of errors. Write it again: "
        "python -m kursplan.api.errors_page > docs/errors.md"
    )


def test_the_page_of_errors_explains_every_error_once() -> None:
    explained = [
        line.split("`")[1] for line in errors_page().splitlines() if line.startswith("| `")
    ]
    assert sorted(explained) == sorted(ERRORS)
