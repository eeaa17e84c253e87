"""A reader's own copy of the OEIS's file of terms, and whether the registry's sequences have the same."""

import gzip
import zlib
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from .sequences import Sequence

LINE, MOST = 100_000, 10**9  # letters of a line, and of the file, at most


class Oeis(NamedTuple):
    """What was read of a copy of the OEIS."""

    terms: dict[str, tuple[int, ...]]
    skipped: int  # malformed lines


def read_oeis(path: Path, *, least: int = 1) -> Oeis:
    """The terms of every sequence in the OEIS's `stripped.gz` (or the same, unpacked) that has at least `least` of them.

    A line is "A000040 ,2,3,5,7,"; lines that start with # are comments; others that are not of this form are skipped and counted.
    Raises `ValueError` where there is no such file, it is no gzip, holds no line of this form, or unpacks to more than `MOST` letters.
    """
    terms: dict[str, tuple[int, ...]] = {}
    seen = skipped = letters = 0
    try:
        packed = path.suffix.lower() == ".gz"
        with gzip.open(path, "rt", encoding="utf-8-sig") if packed else path.open(encoding="utf-8-sig") as file:
            while line := file.readline(LINE):  # a longer one is malformed several times over
                letters += len(line)
                if letters > MOST:
                    raise ValueError(f"--oeis {path}: more than {MOST:,} letters; the OEIS's file of terms has a tenth of that")
                if line.startswith("#") or not line.strip():
                    continue
                number, _, rest = line.partition(" ")
                try:
                    values = tuple(int(v) for v in rest.strip().strip(",").split(","))
                    if len(number) != 7 or number[0] != "A" or not number[1:].isdigit():
                        raise ValueError
                except ValueError:
                    skipped += 1
                    continue
                seen += 1
                if len(values) >= least:
                    terms[number] = values
    except FileNotFoundError:
        raise ValueError(f"--oeis {path}: no such file") from None
    except (OSError, UnicodeDecodeError, EOFError, zlib.error) as error:
        raise ValueError(f"--oeis {path}: cannot be read as the OEIS's file of terms ({error})") from None
    if not seen:
        raise ValueError(f"--oeis {path}: has no line like 'A000040 ,2,3,5,7,'; {skipped} lines are something else")
    return Oeis(terms, skipped)


def same_terms(one: Sequence, theirs: tuple[int, ...]) -> int | None:
    """How many terms of a sequence agree with another list of its terms, as far as both go; None where two differ."""
    mine = tuple(islice(one.generate(), len(theirs)))
    return len(mine) if mine == theirs[: len(mine)] else None
