"""The forms of a page, as a browser would send them: what stands in each field, and what somebody changes."""

from __future__ import annotations

from html.parser import HTMLParser

Fields = dict[str, str]


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, Fields]] = []
        self._select = ""
        self._text = ""

    @property
    def _fields(self) -> Fields:
        return self.forms[-1][1] if self.forms else {}

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attributes}
        name, value = has.get("name", ""), has.get("value", "")
        match tag:
            case "form":
                self.forms.append((has.get("action", ""), {}))
            case "select":
                self._select = name
            case "option" if self._select:
                if "selected" in has or self._select not in self._fields:
                    self._fields[self._select] = value
            case "textarea":
                self._text = name
                self._fields[name] = ""
            case "input" if name:
                ticked = has.get("type") not in ("checkbox", "radio") or "checked" in has
                if ticked and has.get("type") != "file":
                    self._fields[name] = value

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""
        if tag == "textarea":
            self._text = ""

    def handle_data(self, data: str) -> None:
        if self._text:
            self._fields[self._text] += data


def form_of(page: str, to: str = "") -> Fields:
    """The fields of the form that is sent to that address, or of the only one that is sent anywhere by POST."""
    found = _Forms()
    found.feed(page)
    fitting = [fields for action, fields in found.forms if action.endswith(to) and "csrf" in fields]
    assert fitting, page
    return fitting[-1]
