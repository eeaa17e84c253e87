"""The documents' renderer: real Quarto where it is there, else a small preview of the same files.

Nothing else in `src` knows about this room.
"""
