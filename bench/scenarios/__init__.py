"""What is measured, one module each; every one has a `measure` that takes the run."""

from bench.scenarios import (
    book,
    console,
    growth,
    history,
    memory,
    numbers,
    reads,
    rush,
    tenants,
    webhooks,
)

SCENARIOS = {
    "book": book.measure,
    "history": history.measure,
    "reads": reads.measure,
    "rush": rush.measure,
    "growth": growth.measure,
    "memory": memory.measure,
    "webhooks": webhooks.measure,
    "tenants": tenants.measure,
    "numbers": numbers.measure,
    "console": console.measure,
}
