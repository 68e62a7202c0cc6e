"""Forms with files: read in memory and bounded; whatever else a body is, it is no form."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

import httpx
import pytest
from starlette.requests import Request

from kursplan.web.forms import BESIDE_FILES, NotAForm, Sent, TooLarge, read_form_with_files

MOST = 100_000


async def read(
    request: httpx.Request, pieces: int = 7
) -> tuple[Mapping[str, str], Mapping[str, Sent]]:
    """What is read of a body that arrives in pieces."""
    body = request.read()
    step = max(1, len(body) // pieces)
    parts = [body[at : at + step] for at in range(0, len(body), step)]

    async def arrive() -> AsyncIterator[dict[str, object]]:
        for number, part in enumerate(parts, start=1):
            yield {"type": "http.request", "body": part, "more_body": number < len(parts)}

    arriving = arrive()
    headers = [(b"content-type", request.headers.get("content-type", "").encode())]
    scope = {"type": "http", "method": "POST", "headers": headers}
    return await read_form_with_files(Request(scope, arriving.__anext__), MOST)


def form(**of: object) -> httpx.Request:
    return httpx.Request("POST", "http://kursplan/", **of)  # type: ignore[arg-type]


async def test_fields_and_files_come_apart_whatever_the_pieces() -> None:
    data = {"studio": "Köln", "empty": ""}
    content = bytes(range(256)) * 100
    for pieces in (1, 3, 50):
        sent = form(data=data, files={"file": ("C:\\lists\\Mitglieder.csv", content)})
        fields, files = await read(sent, pieces)
        assert fields == data
        assert files == {"file": Sent("Mitglieder.csv", content)}


async def test_a_field_in_which_nothing_was_chosen_has_no_file() -> None:
    body = (
        b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n'
        b'--x\r\nContent-Disposition: form-data; name="file"; filename=""\r\n'
        b"Content-Type: application/octet-stream\r\n\r\n\r\n--x--\r\n"
    )
    sent = form(content=body, headers={"content-type": "multipart/form-data; boundary=x"})
    assert await read(sent) == ({"a": "b"}, {})


async def test_a_form_without_files_is_one_too() -> None:
    fields, files = await read(form(data={"csrf": "x", "all": "file"}))
    assert (fields, files) == ({"csrf": "x", "all": "file"}, {})


async def test_a_file_is_bounded_and_so_is_what_stands_around_it() -> None:
    large = b"x" * (MOST + BESIDE_FILES)
    with pytest.raises(TooLarge):
        await read(form(files={"file": ("a.csv", large)}))
    with pytest.raises(NotAForm):
        await read(form(data={"packed": large.decode()}, files={"file": ("a", b"b")}))
    many = {f"f{number}": "" for number in range(2_001)}
    with pytest.raises(NotAForm):
        await read(form(data=many, files={"file": ("a", b"b")}))


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"--x\r\n\r\n--x--"),
        (
            "multipart/form-data; boundary=x",
            b"--x\r\nContent-Type: text/plain\r\n\r\na\r\n--x--\r\n",
        ),
        ("multipart/form-data; boundary=x", b"nothing of it"),
        ("application/json", b"{}"),
        ("", b""),
    ],
)
async def test_what_is_no_form_is_told_so(content_type: str, body: bytes) -> None:
    with pytest.raises(NotAForm):
        await read(form(content=body, headers={"content-type": content_type}))


async def test_a_field_with_a_nul_is_none_that_anybody_typed() -> None:
    with pytest.raises(NotAForm):
        await read(form(data={"a": "\0"}, files={"file": ("a", b"\0 is fine in a file")}))
