"""Imports: the tables and calendars that other systems export, brought in through the doors that there are.

A file becomes a table (`read`), a table an understanding of it (`understand`), and its rows people
(`people`) or slots (`timetable`, `calendars`). Who is who of those that are stored is found by `match`.
What comes of it is a plan: `members` and `plan_timetable` make a gym file, `bookings` says whom to put on
which slot. Until then nothing is written, and nothing here asks anybody: what is open is a value.

Nothing is guessed in silence: what is understood is told with what proves it, and what nothing proves is
a question.
"""
