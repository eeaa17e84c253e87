"""Residue networks written by hand: weights from theory alone, so that their circuit is known.

The *phase network* adds two waves of one frequency k/q, one in each digit, on a few neurons with evenly spread phases, and reads the
rectified sums out as a wave over the classes. The *carry network* looks n's two parts modulo q up, and subtracts q where their sum
reaches it.
Both are exact on all n < p**2.
"""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ..lens.interventions import neuron_logit_map
from ..network.config import Config
from ..network.model import Transformer
from ..network.tasks import make_dataset
from ..numbers.integers import primes_below


class Neurons(NamedTuple):
    """The extracted algorithm: nine numbers for each of M neurons. Angles in radians."""

    q: np.ndarray  # (M,) int
    k: np.ndarray  # (M,) int, 1 <= k <= q / 2
    a0: np.ndarray  # (M,) amplitude on x0, >= 0
    phi0: np.ndarray
    a1: np.ndarray  # (M,) amplitude on x1, >= 0
    phi1: np.ndarray
    c: np.ndarray  # (M,) constant before the ReLU
    b: np.ndarray  # (M,) amplitude on the classes of task q, >= 0
    psi: np.ndarray


def join(parts: list[Neurons]) -> Neurons:
    return Neurons(*(np.concatenate(fields) for fields in zip(*parts, strict=True)))


def wave_neurons(q: int, k: int, phases: int, strength: float = 1.0) -> Neurons:
    """`phases` neurons of one frequency, evenly spread: odd q, `phases` odd and >= 5 (the smallest that we find exact)."""
    phi = 2 * np.pi * np.arange(phases) / phases
    one, zero = np.ones(phases), np.zeros(phases)
    return Neurons(q * one.astype(int), k * one.astype(int), one, phi, one, phi, zero, one * strength / phases, 2 * phi)


def lattice_neurons(q: int, k: int, n: int = 14, step: int = 8, strength: float = 1.0) -> Neurons:
    """`n` neurons of one frequency, odd q, whose phases (phi0, phi1) = 2 pi (j, step j) / n lie on the torus of both as a lattice: the
    factor that equal phases leave is nearly gone, and the margin nearly the same for all inputs (`studies.lattice`)."""
    j, one = np.arange(n), np.ones(n)
    phi0, phi1 = 2 * np.pi * j / n, 2 * np.pi * (step * j % n) / n
    return Neurons(q * one.astype(int), k * one.astype(int), one, phi0, one, phi1, 0 * one, one * strength / n, phi0 + phi1)


def parity_neurons(strength: float = 1.0) -> Neurons:
    """Task 2 for odd p, where n = x0 + x1 mod 2: with u, v = +-1 for even and odd digits, relu(u + v) + relu(-u - v) - 1 is uv."""
    q, k = np.full(3, 2), np.ones(3, dtype=int)
    a, phi = np.asarray([1.0, 1.0, 0.0]), np.asarray([0.0, np.pi, 0.0])
    return Neurons(q, k, a, phi, a, phi, np.asarray([0.0, 0.0, 1.0]), np.full(3, strength), np.asarray([0.0, 0.0, np.pi]))


def phase_neurons(p: int, phases: int = 5) -> Neurons:
    """The phase network from theory alone: one frequency, k = 1, for each odd prime; 3 neurons for the prime 2."""
    return join([parity_neurons() if q == 2 else wave_neurons(int(q), 1, phases) for q in primes_below(p)])


def phase_network(config: Config, phases: int = 5) -> Transformer:
    """`phase_neurons` as weights of the architecture in `config` (one layer, standard or simplified block).

    Head 0 copies the waves of x0, head 1 those of x1, head 2 a constant; the last quarter of the stream carries the output.
    Raises `ValueError` where the widths do not suffice.
    """
    p, n = config.p, phase_neurons(config.p, phases)
    features = [(int(q), part) for q in primes_below(p) for part in ((0,) if q == 2 else (0, 1))]  # cosine, then sine

    def angle(part: int, turns: np.ndarray) -> np.ndarray:
        return np.sin(2 * np.pi * turns) if part else np.cos(2 * np.pi * turns)

    x = np.arange(p)
    on_x0 = np.stack([angle(part, (x % q) / q) for q, part in features], axis=1)
    on_x1 = np.stack([angle(part, (p * x % q) / q) for q, part in features], axis=1)
    read = np.zeros((2, len(features), len(n.q)))
    write = np.zeros((len(n.q), len(features)))
    unembed = np.zeros((len(features), sum(int(q) for q in primes_below(p))))
    starts = dict(zip((int(q) for q in primes_below(p)), np.cumsum([0, *primes_below(p)]), strict=False))
    for i, (q, part) in enumerate(features):
        mine = n.q == q
        trig = np.sin if part else np.cos
        read[0, i, mine], read[1, i, mine] = (n.a0 * trig(n.phi0))[mine], (n.a1 * trig(n.phi1))[mine]
        write[mine, i] = (n.b * trig(n.psi))[mine]
        unembed[i, starts[q] : starts[q] + q] = angle(part, np.arange(q) / q)
    return _assemble(config, on_x0, on_x1, read[0], read[1], n.c, write, unembed, skip=None, constant=None)


def carry_network(config: Config) -> Transformer:
    """n mod q by carrying: s = (x0 mod q) + (p x1 mod q) stands in the embedding, two neurons a prime subtract q once s >= q.

    n mod q = s - q (relu(s - q + 1) - relu(s - q)), and the logit of class c is 2 c (n mod q) - c^2: a parabola with its top at n mod q.
    The skip around the MLP carries s. All numbers are integers, exact in float32. Raises `ValueError` where the widths do not suffice.
    """
    p, q = config.p, primes_below(config.p)
    x, i = np.arange(p)[:, None], np.arange(len(q))
    read = np.zeros((len(q), 2 * len(q)))
    read[i, 2 * i] = read[i, 2 * i + 1] = 1
    bias = np.stack([1 - q, -q], axis=1).reshape(-1)
    write = np.zeros((2 * len(q), len(q)))
    write[2 * i, i], write[2 * i + 1, i] = -q, q
    ends = np.cumsum(q)
    unembed, constant = np.zeros((len(q), ends[-1])), np.zeros(ends[-1])
    for j, (width, end) in enumerate(zip(q, ends, strict=True)):
        c = np.arange(width)
        unembed[j, end - width : end], constant[end - width : end] = 2 * c, -(c**2)
    return _assemble(config, x % q, p * x % q, read, read, bias, write, unembed, skip=unembed, constant=constant)


def _assemble(
    config: Config, on_x0: np.ndarray, on_x1: np.ndarray, read0: np.ndarray, read1: np.ndarray, bias: np.ndarray, write: np.ndarray,
    unembed: np.ndarray, *, skip: np.ndarray | None, constant: np.ndarray | None,
) -> Transformer:  # fmt: skip
    """Put digit features (p, F), reading and writing of M neurons, and the unembedding (F, classes) into a one-layer network.

    The stream is cut into quarters of `d_head`: features of x0, features of x1, the constant, and the output.
    """
    if config.task != "residues" or config.n_layers != 1 or config.block == "sas-p" or config.n_heads != 4:
        raise ValueError("hand-written networks have task residues, one layer, four heads and the standard or the sas block")
    F, M, d = on_x0.shape[1], len(bias), config.d_head
    if d < F + 3 or config.d_mlp < M:
        raise ValueError(f"d_head={d}, d_mlp={config.d_mlp}: p = {config.p} needs d_head >= {F + 3} and d_mlp >= {M}")
    dataset = make_dataset(config)
    model = Transformer(config, dataset, key=jax.random.key(0))
    attn, mlp = model.blocks[0].attn, model.blocks[0].mlp
    E, P = np.zeros(model.W_E.shape), np.zeros(model.W_pos.shape)
    E[: config.p, :F], E[: config.p, d : d + F] = on_x0, on_x1
    places = np.asarray([F, F + 1, F + 2])  # the stream's free places in the first quarter say which position it is
    P[np.arange(3), places] = 1
    Q, K, V = (np.zeros(attn.W_K.shape) for _ in range(3))
    sharp = 64.0  # the softmax gives the others e^-64, nothing in float32
    for head, position in enumerate((0, 1, 2, 2)):
        Q[head, places[2], 0], K[head, places[position], 0] = sharp * np.sqrt(d), 1
    V[0, np.arange(F), np.arange(F)] = 1
    V[1, d + np.arange(F), np.arange(F)] = 1
    V[2, places[2], 0] = 1
    W_in, W_out, U = np.zeros(mlp.W_in.shape), np.zeros(mlp.W_out.shape), np.zeros(model.W_U.shape)
    W_in[:F, :M], W_in[d : d + F, :M], W_in[2 * d, :M] = read0, read1, bias
    W_out[:M, 3 * d : 3 * d + F] = write
    U[3 * d : 3 * d + F] = unembed
    if skip is not None:
        U[:F], U[d : d + F] = skip, skip
    if constant is not None:
        U[2 * d] = constant

    def f32(x: np.ndarray) -> jax.Array:
        return jnp.asarray(x, jnp.float32)

    new = (f32(E), f32(P), f32(Q), f32(K), f32(V), f32(W_in), f32(W_out), f32(U))
    model = eqx.tree_at(_places, model, new)
    if config.block == "sas":
        gains = f32(np.repeat([[0.0], [1.0], [0.0]], 4, axis=1))  # plain attention, no identity, no centring
        return eqx.tree_at(lambda m: (m.blocks[0].attn.shape_gains, m.blocks[0].mlp_gain), model, (gains, f32(np.ones(()))))
    out = np.zeros((4, d, config.d_model))
    for head in range(4):
        out[head, np.arange(d), head * d + np.arange(d)] = 1
    return eqx.tree_at(lambda m: m.blocks[0].attn.W_O, model, f32(out))


def _places(m: Transformer) -> tuple:
    a, f = m.blocks[0].attn, m.blocks[0].mlp
    return (m.W_E, m.W_pos, a.W_Q, a.W_K, a.W_V, f.W_in, f.W_out, m.W_U)


def writing_groups(model: Transformer, config: Config) -> np.ndarray:
    """For each task the neurons that write to it at all: (T, M) bool. The natural groups of a network written by hand."""
    W_L, ends = np.asarray(neuron_logit_map(model)), np.cumsum(primes_below(config.p))
    return np.stack([np.abs(W_L[:, end - q : end]).max(axis=1) > 0 for q, end in zip(primes_below(config.p), ends, strict=True)])
