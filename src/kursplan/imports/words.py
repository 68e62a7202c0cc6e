"""Words of other systems for what Kursplan has words for: statuses, genders, languages.

What is not here is not guessed: it is told, with how often it occurs, and has to be answered. So
“gekündigt” and “cancelled” are not here; who gave notice is a member until the last day.
"""

from __future__ import annotations

from collections.abc import Mapping

from kursplan.domain.customers import CustomerStatus, Gender
from kursplan.domain.names import folded

IGNORED = "IGNORED"
"""What a value can be said to mean instead of a word: nothing."""

_LANGUAGES = {
    "de": "Deutsch|German|ger|deu",
    "en": "Englisch|English|eng",
    "fr": "Französisch|French|Français",
    "it": "Italienisch|Italian|Italiano",
    "es": "Spanisch|Spanish|Español",
    "nl": "Niederländisch|Dutch|Nederlands",
    "pl": "Polnisch|Polish|Polski",
    "tr": "Türkisch|Turkish|Türkçe",
    "ru": "Russisch|Russian",
    "cs": "Tschechisch|Czech|Čeština",
    "hu": "Ungarisch|Hungarian|Magyar",
    "sv": "Schwedisch|Swedish|Svenska",
    "nb": "no|Norwegisch|Norwegian|Norsk",
    "ro": "Rumänisch|Romanian|Română",
    "sl": "Slowenisch|Slovenian|Slovenščina",
    **dict.fromkeys(("de-CH", "de-LI", "en-CA", "en-GB", "en-US", "fr-LU"), ""),
}

_TEXTS: Mapping[str, Mapping[str, str]] = {
    "status": {
        CustomerStatus.MEMBER: "Mitglied|Active|Aktiv|Current|Active member|Aktives Mitglied"
        "|Frozen|Paused|Pausiert|On hold|Ruhend|Ruhendes Mitglied",
        CustomerStatus.PROSPECT: "Lead|Trial|Interessent|Interessentin|Probetraining|Guest|Gast"
        "|Non-member|Kein Mitglied|Drop-in",
        CustomerStatus.FORMER_MEMBER: "Former|Ex-member|Past|Inactive|Inaktiv|Ehemalig"
        "|Ehemaliges Mitglied|Ausgetreten|Expired|Abgelaufen|Archived",
    },
    "gender": {
        Gender.FEMALE: "F|W|Weiblich|Frau|Ms|Mrs|Miss|Woman",
        Gender.MALE: "M|Männlich|Herr|Mr|Man",
        Gender.UNISEX: "D|X|Divers|Other|Andere|Non-binary|Mx",
    },
    "preferred_language": _LANGUAGES,
}

WORDS: Mapping[str, Mapping[str, str]] = {
    field: {
        folded(text): str(word)
        for word, texts in meant.items()
        for text in (word, *texts.split("|"))
        if text
    }
    for field, meant in _TEXTS.items()
}
"""By field, the folded text and the word of Kursplan."""
