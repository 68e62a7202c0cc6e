"""Documents that are generated from the table of errors.

The page for those who write clients, and the template for those who translate:

    python -m kursplan.api.errors_page > docs/errors.md
    python -m kursplan.api.errors_page --template > src/kursplan/locale/errors.pot

Translations are brought up to date with ``pybabel update`` and then written by hand.
"""

import io
import sys
from typing import Final

import msgspec
from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po

from kursplan.api.errors import ERRORS, ApiError, Fault, render
from kursplan.web.languages import LANGUAGES

_STATUSES: Final = {
    400: "The request does not fit the specification, or a rule of the studio refuses it.",
    401: "The key is not accepted.",
    403: "The key may not do this.",
    404: "There is no such thing where this key may see it.",
    405: "The path has no such method.",
    408: "The request came too slowly.",
    409: "The request clashes with another one.",
    413: "The request is too large.",
    415: "The request is in a form that is not understood.",
    429: "There were too many requests.",
    431: "The head of the request is too large.",
    500: "The server has a fault.",
    503: "The server cannot answer now.",
}

_EXAMPLE: Final = ApiError(
    Fault.PARAMETER_INVALID, reference="sliceSize", value="7", allowed="10 … 100"
)


def errors_page() -> str:
    """Give the page of the documentation that explains every error, in Markdown."""
    example = msgspec.json.format(
        render(_EXAMPLE, "en", "4bf92f3577b34da6a3ce929d0e0e4736"), indent=2
    ).decode()
    page = f"""\
<!-- Generated from the table of errors: python -m kursplan.api.errors_page > docs/errors.md -->

# Errors

Every answer of 4xx and 5xx under `/v1` has a body of this form, here for
`GET /v1/classes?sliceSize=7`, which is answered {_EXAMPLE.status}:

```json
{example}
```

* `errorCode` is for programs: compare it, and be prepared for codes that are not listed here.
* `errorMessage` is for people. Its language follows the `Accept-Language` header; without one it is
  the studio's own. There are: {", ".join(LANGUAGES)}.
* `traceId` finds the request in the log. Quote it when you report an error.
* `reference` names the part of the request that is at fault; it is left out where there is none.
* Values of the request that a message shows are shortened, and characters that cannot be printed are
  replaced.
"""
    for status, summary in _STATUSES.items():
        page += f"""
## {status}

{summary}

| errorCode | errorMessage | when, and what to do |
| --- | --- | --- |
"""
        for row in ERRORS.values():
            if row.status == status:
                page += f"| `{row.code}` | {row.message} | {row.meaning} |\n"
    return page


def errors_template() -> str:
    """Give the gettext template with every message, its code and its meaning."""
    catalogue = Catalog(charset="utf-8", fuzzy=False)
    for row in ERRORS.values():
        catalogue.add(row.message, auto_comments=[f"{row.code}: {row.meaning}"])
    # Babel's own header would tell when the template was written, and so be new every time.
    header = 'msgid ""\nmsgstr ""\n"MIME-Version: 1.0\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n'
    entries = io.BytesIO()
    write_po(entries, catalogue, omit_header=True, width=100)
    return f"{header}\n{entries.getvalue().decode().strip()}\n"


if __name__ == "__main__":
    page = errors_template() if sys.argv[1:] == ["--template"] else errors_page()
    sys.stdout.buffer.write(page.encode())
