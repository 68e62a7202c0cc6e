"""How fast Kursplan is, measured against what the machine allows.

Every figure is a ratio: what Kursplan does over HTTP, divided by what a limit did in the same round
on the same machine. The limits are in `bench/limits`, other ways to write the same server in
`bench/peers`, what is measured in `bench/scenarios`, and the figures that have to be reached in
`bench/ratios.py`. Run it with `make bench`; what came of it is in `bench/RESULTS.md`.

Everything runs on the loopback address, in processes and a temporary folder that are gone afterwards.
"""
