"""The reference: the OpenAPI document as the main part of a page.

Operations come first, each folded up to one line; what holds for all of them stands beside. Only what
our document uses is understood: references, objects, arrays, limits, enumerations. Trying an operation
out is a form, which `docs.js` sends.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Any

from kursplan.api.docs.page import attributes, markdown

Schema = Mapping[str, Any]


def reference(document: Mapping[str, Any]) -> str:
    """The main part of the page."""
    return _Reference(document).whole()


class _Reference:
    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document

    def whole(self) -> str:
        info = self._document["info"]
        groups = "".join(self._group(tag) for tag in self._document["tags"])
        return (
            '<div class="operations">\n<header class="head">'
            f"<h1>{escape(info['title'])}</h1>"
            f"<p>{escape(info['summary'])} Version {escape(info['version'])} as "
            '<a href="openapi.json">openapi.json</a>.</p></header>\n'
            '<noscript><p class="note">Trying things out needs JavaScript; reading does not.</p></noscript>\n'
            f'{groups}</div>\n<aside aria-label="What holds for all operations">\n'
            f"{_beside(info['description'])}</aside>"
        )

    def _group(self, tag: Mapping[str, str]) -> str:
        operations = "".join(
            self._operation(method, path, operation)
            for path, methods in self._document["paths"].items()
            for method, operation in methods.items()
            if operation["tags"] == [tag["name"]]
        )
        first, rest = _first_sentence(tag["description"])
        more = f'<div class="prose after">{markdown(rest)}</div>' if rest else ""
        return (
            f"<section><h2>{escape(tag['name'])}</h2>"
            f'<p class="about">{escape(first)}</p>\n{operations}{more}</section>\n'
        )

    def _operation(self, method: str, path: str, operation: Mapping[str, Any]) -> str:
        breakable = escape(path).replace("/", "<wbr>/")
        return (
            f'<details class="operation" id="{operation["operationId"]}">'
            f'<summary><span class="method {method}">{method.upper()}</span> '
            f'<code class="path">{breakable}</code> '
            f'<span class="what">{escape(operation["summary"])}</span></summary>\n'
            f'<div class="body"><div class="prose">{markdown(operation["description"])}</div>\n'
            f"{self._form(method, path, operation)}"
            f"{self._answers(operation['responses'])}</div></details>\n"
        )

    # --- What is sent ---------------------------------------------------------------------------

    def _form(self, method: str, path: str, operation: Mapping[str, Any]) -> str:
        name = operation["operationId"]
        parameters = [self._resolved(each) for each in operation["parameters"]]
        asked = [each for each in parameters if each["in"] != "header"]
        headers = [each for each in parameters if each["in"] == "header"]
        body = operation.get("requestBody")
        return (
            f'<form class="try" data-method="{method.upper()}" data-path="{escape(path)}">\n'
            f"{''.join(self._field(name, each) for each in asked)}"
            f"{self._body(name, body) if body else ''}"
            '<details class="more"><summary>Headers</summary>'
            f"{''.join(self._field(name, each) for each in headers)}</details>\n"
            '<p class="send"><button class="button primary">Send</button>'
            '<button class="button" type="button" data-copy="curl">Copy as curl</button></p>\n'
            '<pre class="curl" tabindex="0" hidden></pre>'
            '<output class="answer" hidden></output></form>\n'
        )

    def _field(self, operation: str, parameter: Mapping[str, Any]) -> str:
        schema = self._resolved(parameter["schema"])
        name, place = parameter["name"], parameter["in"]
        required = bool(parameter.get("required"))
        at = f"{operation}-{name}"
        if "enum" in schema:
            options = "".join(
                f"<option{attributes(selected=each == schema.get('default'))}>{escape(each)}</option>"
                for each in schema["enum"]
            )
            none = "" if "default" in schema else '<option value="">not sent</option>'
            control = f'<select id="{at}" name="{name}" data-in="{place}">{none}{options}</select>'
        else:
            example = next(iter(schema.get("examples", ())), None) if place == "header" else None
            control = "<input" + attributes(
                id=at,
                name=name,
                data_in=place,
                required=required,
                autocomplete="off",
                spellcheck="false",
                inputmode="numeric" if schema["type"] == "integer" else None,
                placeholder=schema.get("default", example),
                aria_describedby=f"{at}-about",
            )
            control += ">"
        return (
            f'<div class="field"><label for="{at}"><code>{escape(name)}</code>'
            f"{_required(required)}</label>{control}"
            f'<div class="about" id="{at}-about">{self._about(parameter["schema"], parameter)}</div></div>\n'
        )

    def _body(self, operation: str, body: Mapping[str, Any]) -> str:
        [schema] = [each["schema"] for each in body["content"].values()]
        at = f"{operation}-body"
        example = json.dumps(self._example(schema), ensure_ascii=False, indent=2)
        return (
            f'<div class="field"><label for="{at}">Body</label>'
            f'<textarea id="{at}" name="body" spellcheck="false" rows="{example.count(chr(10)) + 1}">'
            f"{escape(example)}</textarea></div>\n{self._members(schema)}"
        )

    # --- What comes back ------------------------------------------------------------------------

    def _answers(self, responses: Mapping[str, Any]) -> str:
        resolved = {status: self._resolved(each) for status, each in responses.items()}
        good = {status: each for status, each in resolved.items() if status < "400"}
        bad = {status: each for status, each in resolved.items() if status >= "400"}
        return (
            '<div class="answers"><h3>Answers</h3>'
            f"{''.join(self._answer(*each) for each in good.items())}"
            f'<details class="more"><summary>Errors <span class="statuses">{" ".join(bad)}</span></summary>'
            f"{''.join(self._error(*each) for each in bad.items())}</details></div>"
        )

    def _answer(self, status: str, response: Mapping[str, Any]) -> str:
        schemas = [each["schema"] for each in response.get("content", {}).values()]
        headers = "".join(
            f"<li><code>{escape(name)}</code> "
            f'<div class="about">{markdown(self._resolved(header)["description"])}</div></li>'
            for name, header in response.get("headers", {}).items()
        )
        return (
            f'<div class="status"><b>{status}</b>{markdown(response["description"])}</div>'
            f"{''.join(map(self._members, schemas))}"
            + (
                f'<details class="more"><summary>Headers of {status}</summary>'
                f'<ul class="members">{headers}</ul></details>'
                if headers
                else ""
            )
        )

    def _error(self, status: str, response: Mapping[str, Any]) -> str:
        [content] = response["content"].values()
        codes = " ".join(
            f"<code>{escape(example['value']['errorCode'])}</code>"
            for example in content["examples"].values()
        )
        return (
            f'<div class="status"><b>{status}</b>{markdown(response["description"])}'
            f'<p class="facts">such as {codes}</p></div>'
        )

    # --- Schemas --------------------------------------------------------------------------------

    def _members(self, schema: Schema) -> str:
        """The members of what the schema describes, and of theirs, as lists within lists."""
        inner = self._resolved(schema)
        if inner["type"] == "array":
            return self._members(inner["items"])
        if inner["type"] != "object":
            return ""
        required = inner.get("required", ())
        members = "".join(
            f"<li><span><code>{escape(name)}</code>{_required(name in required)}</span> "
            f'<div class="about">{self._about(member, member)}</div>{self._members(member)}</li>'
            for name, member in inner["properties"].items()
        )
        return f'<ul class="members">{members}</ul>'

    def _about(self, schema: Schema, described: Mapping[str, Any]) -> str:
        """Type and limits in a few words, and what it is for."""
        facts = f'<span class="facts">{", ".join(self._facts(schema))}</span>'
        return f"{facts} {markdown(described.get('description', ''))}"

    def _facts(self, schema: Schema) -> Iterator[str]:
        inner = self._resolved(schema)
        if inner["type"] == "array":
            yield f"list of {', '.join(self._facts(inner['items']))}"
        elif values := inner.get("enum"):
            yield " or ".join(f"<code>{escape(each)}</code>" for each in values)
        elif inner["type"] == "object":
            yield escape(schema.get("$ref", "object").rpartition("/")[2])
        elif inner["type"] == "string" and "$ref" in schema:
            # A form that is used in many places shows best by an example.
            yield f"such as <code>{escape(self._example(schema))}</code>"
        else:
            yield inner["type"]
        least, most = inner.get("minimum"), inner.get("maximum")
        if most is not None and most < 2**31 - 1:
            yield f"{least} … {most}"
        if "maxLength" in inner:
            yield f"up to {inner['maxLength']} characters"
        if "default" in inner:
            yield f"{escape(str(inner['default']))} if left out"

    def _example(self, schema: Schema) -> Any:
        """A value that fits, of what is required and of nothing else."""
        inner = self._resolved(schema)
        if examples := inner.get("examples"):
            return examples[0]
        if inner["type"] == "object":
            names: Iterable[str] = inner.get("required") or inner["properties"]
            return {name: self._example(inner["properties"][name]) for name in names}
        return next(iter(inner.get("enum", ())), "")

    def _resolved(self, part: Schema) -> Schema:
        while "$ref" in part:
            _, *names = part["$ref"].split("/")
            found: Any = self._document
            for name in names:
                found = found[name]
            part = {**found, **{name: value for name, value in part.items() if name != "$ref"}}
        return part


def _beside(description: str) -> str:
    """The way to the guide, and the document's own text, section by section."""
    before, *sections = re.split(r"^## ", description, flags=re.MULTILINE)
    folded = "".join(
        f"<details><summary>{escape(title)}</summary>"
        f'<div class="prose">{markdown(text)}</div></details>'
        for title, _, text in (section.partition("\n") for section in sections)
    )
    return (
        '<p class="to-guide"><a href="docs/guide">Guide for partners</a>'
        "<span>From a key to a booking in ten minutes: step by step, with lines to paste.</span></p>\n"
        f'<div class="prose before">{markdown(before)}</div>\n<div class="sheet">{folded}</div>\n'
    )


def _first_sentence(text: str) -> tuple[str, str]:
    """It, and what follows."""
    words = " ".join(text.split())
    first, dot, rest = words.partition(". ")
    return (f"{first}.", rest) if dot else (words, "")


def _required(is_required: bool) -> str:
    return ' <b class="required">required</b>' if is_required else ""
