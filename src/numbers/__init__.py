"""Natural numbers, without JAX and without networks: primes and primality tests, integer sequences, Hofstadter's MIU system, tests as
hypotheses about an answer, the rule of the sparse encoding.

Imports nothing of ours. Start with `integers`.
"""
