"""MIIII: transformers that tell primes from composites, and the algorithm read back out of their weights."""
