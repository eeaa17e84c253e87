"""Tools that look at any run: activations and interventions, dictionaries of waves, measures of progress over training.

May import `numbers` and `network`. Start with `interventions`; it needs nothing else of this room.
"""
