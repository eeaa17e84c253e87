"""Words of Hofstadter's MIU system: which can be derived."""

from itertools import product

import numpy as np

from ...numbers.miu import is_theorem
from ..config import Config
from ..dataset import Size, Table


def miu_words(length: int) -> list[str]:
    """Every word of the MIU system with up to `length` letters after its M, by length."""
    return ["M" + "".join(letters) for n in range(length + 1) for letters in product("IU", repeat=n)]


def size(config: Config) -> Size:
    """The size of `miu`, in which a word is a few hundred bytes before it is tokens."""
    return Size(2 ** (config.length + 1) - 1, config.length + 1, 1, 2, 4)


def miu(config: Config) -> Table:
    """Whether a word can be derived in Hofstadter's MIU system. Tokens: I, U (0, 1), blanks (2) up to `length` letters, '=' (3)."""
    words = miu_words(config.length)
    tokens = np.asarray([["IU".index(letter) for letter in word[1:]] + [2] * (config.length + 1 - len(word)) + [3] for word in words])
    return Table(tokens, np.asarray([[is_theorem(word)] for word in words], dtype=np.int64), ("derivable",), (2,), 4)
