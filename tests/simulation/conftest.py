"""How long to simulate: a few days in a test run, many where somebody asks for a soak."""

from hypothesis import settings

settings.register_profile("soak", print_blob=True)
