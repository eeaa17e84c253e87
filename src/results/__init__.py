"""What the studies gave, kept and stated: measurements and when they are stale, sweeps, published numbers, claims, tables.

May import `numbers` to `studies`. Start with `registry.arrays(name)`, which has every result by name, then `claims`; `measure` says what a
result hangs on, `sweeps` what was trained for it.
"""
