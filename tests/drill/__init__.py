"""A fault-injection run: every row of the Delivery table, on real processes, with numbers.

`python -m tests.drill` (or `make drill`) starts web processes, brokers, writers and pages, breaks
things, and compares what each page shows with the `Event` table. docs/delivery.md tells the rest.
"""
