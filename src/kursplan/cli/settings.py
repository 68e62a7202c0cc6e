"""`kursplan settings`: what can be set, and what is."""

from __future__ import annotations

from dataclasses import fields

from kursplan.cli.context import JsonOption, read_settings
from kursplan.cli.output import document, table


def settings(json: JsonOption = False) -> None:
    """Show all settings: what they mean, and what the environment sets them to.

    Each may come from a file instead, which the variable with `_FILE` behind its name names.
    """
    from sqlalchemy import make_url

    from kursplan.settings import PREFIX

    now = read_settings()
    rows = []
    for each in fields(now):
        value = getattr(now, each.name)
        if value and each.name.endswith("_url"):
            value = make_url(value).render_as_string(hide_password=True)
        elif isinstance(value, bool):
            value = "on" if value else "off"
        elif isinstance(value, tuple):
            value = ", ".join(map(str, value))
        rows.append((PREFIX + each.name.upper(), str(value), each.metadata["meaning"]))
    if json:
        document([{"name": name, "value": v, "meaning": meaning} for name, v, meaning in rows])
        return
    table(("Variable", "Value", "Meaning"), rows, empty="")
