"""The rules of the house, in plain Python: values in, decisions out.

Nothing in this package reads a clock, a database, a setting or the network. Instants are aware
datetimes in UTC with whole milliseconds; a local day is a `date`; a zone is a `ZoneInfo`.
"""
