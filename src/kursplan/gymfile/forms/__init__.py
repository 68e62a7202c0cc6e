"""Forms: the ways in which people write a single value, and what to write instead.

One form for each kind of member (a time of day, a day, a term, a word of a list, …), in one module
for each family. A form is given the text as it stands in the file, before YAML makes a number or a
truth value of it, and answers

* None: it is written as the schema wants it, and means just that;
* `Means(value)`: it is written in another way, and can only mean that value;
* `Advice(says, instead)`: it can't be taken, and this is what to write.

Whatever is advised is accepted where it is written instead.
"""

from __future__ import annotations

from collections.abc import Callable

from kursplan.gymfile.forms.days import day, local, time_of_day
from kursplan.gymfile.forms.numbers import number, truth, whole_number
from kursplan.gymfile.forms.reading import Advice, Means, Reading, Wanted
from kursplan.gymfile.forms.terms import term
from kursplan.gymfile.forms.texts import address, free_text, key, language, web_address
from kursplan.gymfile.forms.words import country_code, word
from kursplan.gymfile.forms.zones import zone

__all__ = ["FORMS", "Advice", "Means", "Reading", "Wanted"]

FORMS: dict[str, Callable[[str, Wanted], Reading]] = {
    "address": address,
    "country code": country_code,
    "day": day,
    "key": key,
    "language": language,
    "local": local,
    "number": number,
    "term": term,
    "text": free_text,
    "time": time_of_day,
    "truth": truth,
    "web address": web_address,
    "whole number": whole_number,
    "word": word,
    "zone": zone,
}
"""By what `Wanted.form` says."""
