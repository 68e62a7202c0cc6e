"""Background work: each step is a plain function that says whether there was work.

A step looks up what is due and has the desk decide again under its locks. So it may run at any
time, twice, in several processes at once, or not just now.
"""
