"""Graphs whose edges can be cut, methods that find circuits in them, how good a circuit is, and networks whose circuit is known because
they were written by hand.

May import `numbers`, `network` and `lens`. Start with `graph`, then `discovery` and `faithfulness`; `by_hand` and `compiled` are the
ground truth.
"""
