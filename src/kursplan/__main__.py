"""`python -m kursplan` is the command `kursplan`."""

from kursplan.cli import main

main()
