"""The documents' renderer: real Quarto where it is there, else a small preview of the same files.

Imports nothing of ours, and nothing but the commands imports it. Start with `site`.
"""
