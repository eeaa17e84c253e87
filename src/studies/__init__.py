"""What we ask of trained networks, one subject a module: functions from runs to arrays, and statistics over such arrays.

May import `numbers` to `circuits`. Start with `residues` or `addition`, each `analyse(run)`. Nothing here writes files, and only `outcomes`
reads any: the kept steps of the runs that it is given.
"""
