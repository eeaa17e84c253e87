// The network: one layer of the simplified block, read at '='. Touches no document: the worker has it too.
//
// Of a number only its two digits are seen, so what each head brings from a digit is one row of a table; a neuron's input is the sum over
// positions and heads of such rows, each times what the head attends with.

/** out += A Bᵀ, A (rows, K), B (C, K), out (rows, C). Three rows by four columns at a time; C a multiple of 4. */
function addProduct(A, B, out, rows, K, C) {
  let r = 0;
  for (; r + 3 <= rows; r += 3) {
    const a = r * K, b = a + K, c = b + K;
    for (let i = 0; i < C; i += 4) {
      const p = i * K, q = p + K, s = q + K, t = s + K, o = r * C + i, o1 = o + C, o2 = o1 + C;
      let x0 = 0, x1 = 0, x2 = 0, x3 = 0, y0 = 0, y1 = 0, y2 = 0, y3 = 0, z0 = 0, z1 = 0, z2 = 0, z3 = 0;
      for (let k = 0; k < K; k++) {
        const u = A[a + k], v = A[b + k], w = A[c + k];
        let m = B[p + k];
        x0 += u * m; y0 += v * m; z0 += w * m;
        m = B[q + k];
        x1 += u * m; y1 += v * m; z1 += w * m;
        m = B[s + k];
        x2 += u * m; y2 += v * m; z2 += w * m;
        m = B[t + k];
        x3 += u * m; y3 += v * m; z3 += w * m;
      }
      out[o] += x0; out[o + 1] += x1; out[o + 2] += x2; out[o + 3] += x3;
      out[o1] += y0; out[o1 + 1] += y1; out[o1 + 2] += y2; out[o1 + 3] += y3;
      out[o2] += z0; out[o2 + 1] += z1; out[o2 + 2] += z2; out[o2 + 3] += z3;
    }
  }
  for (; r < rows; r++) {
    for (let i = 0; i < C; i++) {
      let sum = 0;
      for (let k = 0; k < K; k++) sum += A[r * K + k] * B[i * K + k];
      out[r * C + i] += sum;
    }
  }
}

function transposed(x, rows, columns, scale = 1) {
  const out = new Float32Array(x.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) out[j * rows + i] = scale * x[i * columns + j];
  return out;
}

class Network {
  /** `w`: weights by name, each with its `shape`. */
  constructor(w, shapes) {
    const [tokens, D] = shapes.W_E, [H, , DH] = shapes.W_Q, M = shapes.W_in[1], C = shapes.W_U[1], p = tokens - 1;
    Object.assign(this, { w, p, D, H, DH, M, C, gain: w.mlp_gain[0], total: p * p, mean: null });
    this.primes = primesBelow(p);
    this.ends = [];
    this.primes.reduce((end, q) => (this.ends.push(end + q), end + q), 0);
    this.row = (token, position) => Float32Array.from({ length: D }, (_, i) => w.W_E[token * D + i] + w.W_pos[position * D + i]);
  }

  /** `scores`[t][h][x], `values`[t] (x, D) and `inputs`[t] (x, H, M), for the digits t = 0, 1 and for '=' (t = 2, one row). In steps. */
  *tables() {
    const { w, p, D, H, DH, M } = this, last = this.row(p, 2), asks = [];
    for (let h = 0; h < H; h++) {
      const query = new Float64Array(DH), ask = new Float64Array(D);
      for (let i = 0; i < D; i++) for (let d = 0; d < DH; d++) query[d] += last[i] * w.W_Q[(h * D + i) * DH + d];
      for (let i = 0; i < D; i++) for (let d = 0; d < DH; d++) ask[i] += (query[d] * w.W_K[(h * D + i) * DH + d]) / Math.sqrt(DH);
      asks.push(ask);
    }
    this.scores = []; this.values = []; this.inputs = [];
    for (let t = 0; t < 3; t++) {
      const rows = t < 2 ? Array.from({ length: p }, (_, x) => this.row(x, t)) : [last];
      const values = new Float32Array(rows.length * D), inputs = new Float32Array(rows.length * H * M);
      this.scores.push(asks.map((ask) => Float32Array.from(rows, (row) => row.reduce((sum, v, i) => sum + v * ask[i], 0))));
      for (let x = 0; x < rows.length; x++) {
        for (let h = 0; h < H; h++) {
          const row = rows[x], at = x * D + h * DH, into = (x * H + h) * M;
          for (let i = 0; i < D; i++) for (let d = 0, k = (h * D + i) * DH; d < DH; d++) values[at + d] += row[i] * w.W_V[k + d];
          for (let d = 0; d < DH; d++) {
            const v = values[at + d], k = (h * DH + d) * M;
            for (let j = 0; j < M; j++) inputs[into + j] += v * w.W_in[k + j];
          }
        }
        yield x;
      }
      this.values.push(values);
      this.inputs.push(inputs);
    }
  }

  /** What '=' attends with, by position and head. */
  attention(n) {
    const { p, H, w } = this, x0 = n % p, x1 = Math.floor(n / p);
    const heads = Array.from({ length: H }, (_, h) =>
      attend(this.scores[0][h][x0], this.scores[1][h][x1], this.scores[2][h][0], w.gains[h], w.gains[H + h], w.gains[2 * H + h]));
    return { at: [x0, x1, 0], heads };
  }

  /** The neurons' inputs on n, all or those `which` names. */
  pre(n, which = null, out = new Float32Array(which ? which.length : this.M), from = 0) {
    const { H, M } = this, { at, heads } = this.attention(n), size = which ? which.length : M;
    out.fill(0, from, from + size);
    for (let t = 0; t < 3; t++) for (let h = 0; h < H; h++) {
      const a = heads[h][t], table = this.inputs[t], row = (at[t] * H + h) * M;
      if (which) for (let j = 0; j < size; j++) out[from + j] += a * table[row + which[j]];
      else for (let j = 0; j < M; j++) out[from + j] += a * table[row + j];
    }
    return out;
  }

  /** What reaches the stream around the neurons. */
  middle(n, out = new Float32Array(this.D), from = 0) {
    const { D, H, DH } = this, { at, heads } = this.attention(n);
    for (let h = 0; h < H; h++) for (let d = h * DH; d < (h + 1) * DH; d++) {
      out[from + d] = heads[h][0] * this.values[0][at[0] * D + d] + heads[h][1] * this.values[1][at[1] * D + d] + heads[h][2] * this.values[2][d];
    }
    return out;
  }

  get outT() { return (this._outT ??= transposed(this.w.W_out, this.M, this.D, this.gain)); } // (D, M), the gain in it
  get unembedT() { return (this._unembedT ??= transposed(this.w.W_U, this.D, this.C)); } // (C, D)

  /** Packed logits of many numbers (rows, C); neurons with off[j] stand at their means. */
  logitsOf(numbers, off = null) {
    const { D, M, C } = this, rows = numbers.length, post = new Float32Array(rows * M), z = new Float32Array(rows * D), out = new Float32Array(rows * C);
    for (let r = 0; r < rows; r++) {
      this.pre(numbers[r], null, post, r * M);
      for (let j = 0; j < M; j++) post[r * M + j] = off && off[j] ? this.mean[j] : Math.max(0, post[r * M + j]);
      this.middle(numbers[r], z, r * D);
    }
    addProduct(post, this.outT, z, rows, M, D);
    addProduct(z, this.unembedT, out, rows, D, C);
    return out;
  }

  logits(n, off = null) { return this.logitsOf([n], off); }

  /** What one unit of each of the neurons `which` writes to the classes from ... to: (which.length, to - from). */
  writes(which, from = 0, to = this.C) {
    const { D, w, C, gain } = this, width = to - from, out = new Float32Array(which.length * width);
    which.forEach((j, r) => {
      for (let d = 0; d < D; d++) {
        const v = gain * w.W_out[j * D + d], k = d * C + from;
        for (let c = 0; c < width; c++) out[r * width + c] += v * w.W_U[k + c];
      }
    });
    return out;
  }

  /** The classes of a prime's task: [from, to). */
  classes(q) { const end = this.ends[this.primes.indexOf(q)]; return [end - q, end]; }

  /** Means over all inputs, and over the other digit: `mean`, `middleMean`, `largest`; `post`[t] (p, M), `mid`[t] (p, D). In steps, a row of x1 each. */
  *average() {
    const { p, M, D } = this, post = [0, 1].map(() => new Float64Array(p * M)), mid = [0, 1].map(() => new Float64Array(p * D));
    const z = new Float32Array(M), m = new Float32Array(D), largest = new Float32Array(M).fill(1e-6);
    for (let x1 = 0; x1 < p; x1++) {
      for (let x0 = 0; x0 < p; x0++) {
        this.pre(x0 + p * x1, null, z);
        for (let j = 0; j < M; j++) {
          const v = z[j];
          if (v > 0) { post[0][x0 * M + j] += v; post[1][x1 * M + j] += v; if (v > largest[j]) largest[j] = v; }
        }
        this.middle(x0 + p * x1, m);
        for (let d = 0; d < D; d++) { mid[0][x0 * D + d] += m[d]; mid[1][x1 * D + d] += m[d]; }
      }
      yield x1;
    }
    const overRows = (x, size) => Float32Array.from({ length: size }, (_, j) => { let s = 0; for (let i = 0; i < p; i++) s += x[i * size + j]; return s / (p * p); });
    this.mean = overRows(post[0], M);
    this.middleMean = overRows(mid[0], D);
    this.post = post.map((x) => Float32Array.from(x, (v) => v / p));
    this.mid = mid.map((x) => Float32Array.from(x, (v) => v / p));
    this.largest = largest;
    const z0 = Float32Array.from(this.middleMean), logits = new Float32Array(this.C);
    addProduct(this.mean, this.outT, z0, 1, M, D);
    addProduct(z0, this.unembedT, logits, 1, D, this.C);
    this.meanLogits = logits;
  }

  /** What hangs on one digit alone of the logits of task q, each value less the mean over classes: `own`, `others` (with what goes around the
   *  neurons) and `sum`, (p, q) each. `mine`: the prime's neurons; those with off[j] hang on nothing. */
  oneDigit(q, digit, mine, off = null) {
    const { p, M, D, C, w } = this, [from] = this.classes(q), post = new Float32Array(p * M), z = new Float32Array(p * D);
    for (let x = 0; x < p; x++) {
      for (let j = 0; j < M; j++) post[x * M + j] = off && off[j] ? 0 : this.post[digit][x * M + j] - this.mean[j];
      for (let d = 0; d < D; d++) z[x * D + d] = this.mid[digit][x * D + d] - this.middleMean[d];
    }
    addProduct(post, this.outT, z, p, M, D);
    const sum = new Float32Array(p * q), own = new Float32Array(p * q), written = this.writes(mine, from, from + q);
    for (let x = 0; x < p; x++) {
      for (let d = 0; d < D; d++) for (let c = 0; c < q; c++) sum[x * q + c] += z[x * D + d] * w.W_U[d * C + from + c];
      mine.forEach((j, r) => { for (let c = 0; c < q; c++) own[x * q + c] += post[x * M + j] * written[r * q + c]; });
      for (const y of [sum, own]) {
        let m = 0;
        for (let c = 0; c < q; c++) m += y[x * q + c] / q;
        for (let c = 0; c < q; c++) y[x * q + c] -= m;
      }
    }
    return { own, sum, others: sum.map((v, i) => v - own[i]) };
  }
}

/** Accuracies of all tasks on a set of numbers: the network's logits are computed once, later questions by what they change. */
class Survey {
  constructor(net, numbers) { Object.assign(this, { net, numbers, logits: new Float32Array(numbers.length * net.C), done: 0 }); }

  get ready() { return this.done === this.numbers.length; }

  /** The next `rows` numbers of the first pass. */
  advance(rows) {
    const part = this.numbers.slice(this.done, this.done + rows);
    this.logits.set(this.net.logitsOf(part), this.done * this.net.C);
    this.done += part.length;
  }

  /** Accuracy by task with the neurons off[j] at their means. */
  accuracies(off) {
    const { net, numbers } = this, { C, M } = net, right = new Int32Array(net.primes.length), block = 96;
    const gone = Array.from({ length: M }, (_, j) => j).filter((j) => off[j]), many = gone.length > 400;
    const K = gone.length, written = many || !K ? null : transposed(net.writes(gone), K, C), pre = new Float32Array(K);
    for (let start = 0; start < numbers.length; start += block) {
      const part = numbers.slice(start, start + block);
      let out;
      if (many) out = this.without(part, off);
      else {
        out = this.logits.slice(start * C, (start + part.length) * C);
        if (K) {
          const less = new Float32Array(part.length * K);
          part.forEach((n, r) => { net.pre(n, gone, pre); for (let j = 0; j < K; j++) less[r * K + j] = net.mean[gone[j]] - Math.max(0, pre[j]); });
          addProduct(less, written, out, part.length, K, C);
        }
      }
      this.count(part, out, right);
    }
    return Array.from(right, (x) => x / numbers.length);
  }

  /** Logits where most neurons are off: the few that are on, and what goes around them, from tables. */
  without(part, off) {
    const { net } = this, { C } = net;
    const kept = (this._on?.off === off ? this._on : (this._on = this.prepare(off)));
    const out = new Float32Array(part.length * C), K = kept.on.length, more = new Float32Array(part.length * K);
    part.forEach((n, r) => {
      out.set(kept.constant, r * C);
      const { at, heads } = net.attention(n), H = net.H;
      for (let t = 0; t < 3; t++) for (let h = 0; h < H; h += 2) { // two heads at a time
        const table = kept.around[t], one = (at[t] * H + h) * C, two = one + C, a = heads[h][t], b = heads[h + 1][t];
        for (let c = 0, o = r * C; c < C; c++) out[o + c] += a * table[one + c] + b * table[two + c];
      }
      net.pre(n, kept.on, more, r * K);
      for (let j = r * K; j < (r + 1) * K; j++) more[j] = Math.max(0, more[j]);
    });
    if (K) addProduct(more, kept.written, out, part.length, K, C);
    return out;
  }

  prepare(off) {
    const { net } = this, { C, D, M, H, DH } = net, on = [], z = new Float32Array(D), constant = new Float32Array(C);
    for (let j = 0; j < M; j++) {
      if (!off[j]) on.push(j);
      else for (let d = 0; d < D; d++) z[d] += net.mean[j] * net.gain * net.w.W_out[j * D + d];
    }
    addProduct(z, net.unembedT, constant, 1, D, C);
    this._around ??= net.values.map((values) => {
      const rows = values.length / D, out = new Float32Array(rows * H * C);
      for (let x = 0; x < rows; x++) for (let h = 0; h < H; h++) for (let d = h * DH; d < (h + 1) * DH; d++) {
        const v = values[x * D + d];
        for (let c = 0; c < C; c++) out[(x * H + h) * C + c] += v * net.w.W_U[d * C + c];
      }
      return out;
    });
    return { off, on, constant, around: this._around, written: transposed(net.writes(on), on.length, C) };
  }

  /** Accuracy of one task less what is written of one digit: `less0`, `less1` (p, q). */
  accuracyWithout(q, less0, less1) {
    const { net, numbers, logits } = this, [from] = net.classes(q), x = new Float32Array(q);
    let right = 0;
    numbers.forEach((n, r) => {
      const at0 = (n % net.p) * q, at1 = Math.floor(n / net.p) * q;
      for (let c = 0; c < q; c++) x[c] = logits[r * net.C + from + c] - less0[at0 + c] - less1[at1 + c];
      right += argmax(x, 0, q) === n % q;
    });
    return right / numbers.length;
  }

  count(part, logits, right) {
    const { net } = this;
    part.forEach((n, r) => net.primes.forEach((q, t) => {
      const end = r * net.C + net.ends[t];
      right[t] += argmax(logits, end - q, end) === n % q;
    }));
  }
}
