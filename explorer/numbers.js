// Numbers that came with the page, and small arithmetic. Touches no document: the worker has it too.

/** Arrays by name from base64 text. `manifest` lists [name, dtype, shape] in the order of the bytes; float16 becomes Float32Array. */
function unpack(text, manifest) {
  const raw = atob(text.trim()), bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  const types = { float32: Float32Array, int32: Int32Array, uint8: Uint8Array, float16: Uint16Array }, found = {};
  let at = 0;
  for (const [name, dtype, shape] of manifest) {
    const Type = types[dtype], size = shape.reduce((a, b) => a * b, 1) * Type.BYTES_PER_ELEMENT;
    const array = new Type(bytes.slice(at, at + size).buffer);
    found[name] = dtype === "float16" ? halves(array) : array;
    found[name].shape = shape;
    at += size;
  }
  return found;
}

function halves(bits) {
  const out = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) {
    const exponent = (bits[i] >> 10) & 31, fraction = bits[i] & 1023, sign = bits[i] & 32768 ? -1 : 1;
    out[i] = sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -14 * (fraction / 1024));
  }
  return out;
}

/** What '=' takes from x0, x1 and itself in one head of shaped attention: alpha I + beta softmax(scores) - gamma / 3. */
function attend(s0, s1, s2, alpha, beta, gamma) {
  const most = Math.max(s0, s1, s2), e0 = Math.exp(s0 - most), e1 = Math.exp(s1 - most), e2 = Math.exp(s2 - most), sum = e0 + e1 + e2;
  return [(beta * e0) / sum - gamma / 3, (beta * e1) / sum - gamma / 3, alpha + (beta * e2) / sum - gamma / 3];
}

/** The largest of x[from ... to), as an index counted from `from`; the first where several are. */
function argmax(x, from, to) {
  let best = from;
  for (let i = from + 1; i < to; i++) if (x[i] > x[best]) best = i;
  return best - from;
}

function primesBelow(p) {
  return Array.from({ length: p }, (_, n) => n).filter((n) => n > 1 && leastFactor(n) === n);
}

/** The least prime factor of n > 1. */
function leastFactor(n) {
  for (let d = 2; d * d <= n; d++) if (n % d === 0) return d;
  return n;
}
