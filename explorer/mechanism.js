// A small live piece: the neurons of one prime, on any n. What others of the network do here is to clear away what hangs on one digit alone;
// that part is left out by subtracting each neuron's means over one digit.

function mechanism(node) {
  const q = +node.dataset.q, p = +node.dataset.p, w = unpack(packs.mechanism.text, packs.mechanism.manifest), G = w.q.length, H = w.gains.length / 3, total = p * p;
  const pre = (n) => {
    const x0 = n % p, x1 = Math.floor(n / p), out = new Float64Array(G);
    for (let h = 0; h < H; h++) {
      const a = attend(w.scores[h * p + x0], w.scores[(H + h) * p + x1], w.last[h], w.gains[h], w.gains[H + h], w.gains[2 * H + h]);
      for (let g = 0; g < G; g++) out[g] += a[0] * w.input0[(h * p + x0) * G + g] + a[1] * w.input1[(h * p + x1) * G + g] + a[2] * w.input2[h * G + g];
    }
    return out;
  };
  const over = [0, 1].map(() => new Float64Array(p * G)), mean = new Float64Array(G), largest = new Float64Array(G).fill(1e-6);
  for (let n = 0; n < total; n++) pre(n).forEach((v, g) => {
    if (v <= 0) return;
    over[0][(n % p) * G + g] += v / p; over[1][Math.floor(n / p) * G + g] += v / p; mean[g] += v / total;
    largest[g] = Math.max(largest[g], v);
  });
  const waves = Array.from(w.wave_k, (k, i) => ({ k, s: w.wave_s[i] })), turn = (x) => (((x / TURN) % 1) + 1) % 1;

  const number = el("input", { type: "number", min: 0, max: total - 1, id: "mxm-n", inputmode: "numeric", oninput: () => { const n = Math.round(+number.value); if (number.value !== "" && n >= 0 && n < total) show(n); } });
  const slide = el("input", { type: "range", min: 0, max: total - 1, "aria-label": "n", oninput: () => show(+slide.value) });
  const step = (by) => show((shown + by + total) % total), line = el("p", { class: "mx-line", role: "status", "aria-live": "polite" });
  const dials = waves.map(({ k }) => new Dial(q, k, p, `frequency ${k}/${q}`, 132)), torus = new Torus(`The ${G} neurons of prime ${q} by their two phases; those that fire glow.`, 1), bars = new Bars(false);
  torus.node.classList.add("mx-small");
  node.replaceChildren(
    el("div", { class: "mx-row" }, el("label", { for: "mxm-n" }, "n ="), el("button", { type: "button", "aria-label": "one less", onclick: () => step(-1) }, "−"), number, el("button", { type: "button", "aria-label": "one more", onclick: () => step(1) }, "+"), slide), line,
    el("div", { class: "mx-two" }, el("div", {}, el("div", { class: "mx-dials" }, ...dials.map((dial) => dial.node)),
      el("p", { class: "mx-legend" }, el("span", { class: "mx-key mx-key-x0" }, "digit x₀"), el("span", { class: "mx-key mx-key-x1" }, "digit x₁"), el("span", { class: "mx-key mx-key-sum" }, "their sum"))),
    el("div", {}, el("p", { class: "mx-cap" }, `The ${G} neurons of ${q}, by what turns them on; those that fire glow`), torus.node)),
    el("p", { class: "mx-cap" }, `What they write to the ${q} remainders; the marks are the formula's, a sum of ${waves.length} cosines`), bars.node);

  let shown = 7919;
  function show(n) {
    shown = n;
    const x0 = n % p, x1 = Math.floor(n / p), z = pre(n).map((v) => Math.max(0, v)), network = Array.from({ length: q }, () => 0);
    for (let g = 0; g < G; g++) {
      const both = z[g] - over[0][x0 * G + g] - over[1][x1 * G + g] + mean[g];
      for (let c = 0; c < q; c++) network[c] += both * w.writes[g * q + c];
    }
    const middle = network.reduce((a, b) => a + b, 0) / q, ours = network.map((v) => v - middle), said = argmax(ours, 0, q);
    const formula = ours.map((_, c) => waves.reduce((sum, { k, s }) => sum + s * Math.cos((TURN * k * (n - c)) / q), 0));
    if (document.activeElement !== number) number.value = n;
    slide.value = n;
    line.textContent = `${format(n)} = ${x0} + ${p} × ${x1}. On every clock the hands add up to ${n % q}, the remainder of ${format(n)} by ${q}.`;
    dials.forEach((dial) => dial.set(n));
    torus.set(Array.from(z, (v, g) => ({ u: turn(w.phi0[g]), v: turn(w.phi1[g]), task: 0, glow: v / largest[g] })));
    bars.set({ network: ours, formula, right: n % q, said, label: `What the neurons of ${q} write for n = ${n}: most to remainder ${said}.` });
  }
  show(shown);
  node.dataset.ready = "";
}

requestAnimationFrame(() => setTimeout(() => document.querySelectorAll(".mx-mechanism").forEach(mechanism)));
