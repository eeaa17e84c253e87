"""What we ask of trained networks, one subject a module: functions from runs to arrays, and statistics over such arrays.

May import `circuits` and below. Start with `residues` or `addition`, each `analyse(run)`; nothing here reads or writes files.
"""
