"""The same server written another way, for comparison: as it is usually done, and done well."""
