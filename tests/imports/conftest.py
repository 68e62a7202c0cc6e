"""Imports into a gym that stands in the present, because the command knows no other time."""

from tests.cli.conftest import clock, gym, kursplan, sqlite_database

__all__ = ["clock", "gym", "kursplan", "sqlite_database"]
