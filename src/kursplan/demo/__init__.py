"""A made-up gym company to try Kursplan out on: what it is like, who books there, what to look at.

Nothing here serves or prints; the command `kursplan demo` does.
"""
