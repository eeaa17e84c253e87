// All neurons on the torus of their two phases; those that fire now glow; one of them in detail.

/** A curve over 0 ... 112 with a dashed one of the reading, and where n's digit is. */
function curve(node, values, wave, at, label) {
  const width = node.clientWidth || 300, height = 110, high = Math.max(...values, ...wave), low = Math.min(...values, ...wave);
  const x = (i) => 4 + (i / (P - 1)) * (width - 8), y = (v) => 6 + ((high - v) / (high - low || 1)) * (height - 12), path = (ys) => "M" + Array.from(ys, (v, i) => `${x(i).toFixed(1)} ${y(v).toFixed(1)}`).join("L");
  node.replaceChildren(svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label },
    svg("line", { x1: 0, x2: width, y1: y(0), y2: y(0), class: "mx-axis" }), svg("path", { d: path(values), class: "mx-curve" }), svg("path", { d: path(wave), class: "mx-curve-read" }),
    svg("line", { x1: x(at), x2: x(at), y1: 0, y2: height, class: "mx-now" })));
}

/** Values (rows, columns) as a picture; the first row at the bottom. Orange above zero, blue below. */
function heat(canvas, values, rows, columns, scale) {
  canvas.width = columns; canvas.height = rows;
  const g = canvas.getContext("2d"), image = g.createImageData(columns, rows);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) {
    const v = values[r * columns + c] / scale, i = 4 * ((rows - 1 - r) * columns + c);
    image.data.set(v > 0 ? [213, 94, 0] : [0, 114, 178], i);
    image.data[i + 3] = 255 * Math.min(1, Math.abs(v));
  }
  g.putImageData(image, 0, 0);
}

/** A picture by `heat` with a cross where things are now, in shares of its sides; null for none. */
function heatFrame(label) {
  const canvas = el("canvas", { class: "mx-heat", role: "img", "aria-label": label }), across = el("i", { class: "mx-across" }), down = el("i", { class: "mx-down" });
  return {
    canvas, node: el("div", { class: "mx-heat-frame" }, canvas, across, down),
    cross(x, y) {
      across.hidden = y === null; down.hidden = x === null;
      if (y !== null) across.style.bottom = `${100 * y}%`;
      if (x !== null) down.style.left = `${100 * x}%`;
    },
  };
}

function neuronsPart(node) {
  const turn = (x) => (((x / TURN) % 1) + 1) % 1, torus = new Torus(`The ${format(net.now.M)} neurons by the phases of their two waves, those of the divisor large; those that fire on n glow in the colour of their prime.`, TASKS.length, (j) => change({ neuron: j }));
  const strip = el("p", { class: "mx-strip" }, "prime 2", el("span", { "aria-hidden": "true" }), "109");
  const count = el("p", { class: "mx-line" }), detail = el("div", { class: "mx-detail" });
  const step = (by) => { const group = neuronsOf(state.q), at = group.indexOf(state.neuron); change({ neuron: group[(at + by + group.length) % group.length] ?? group[0] }); };
  const number = el("input", { type: "number", min: 0, max: net.now.M - 1, id: "mx-neuron", onchange: () => change({ neuron: Math.max(0, Math.min(net.now.M - 1, +number.value | 0)) }) });
  const steps = el("div", { class: "mx-row" }, el("label", { for: "mx-neuron" }, "neuron"), number, el("button", { type: "button", onclick: () => step(-1) }, "previous"), el("button", { type: "button", onclick: () => step(1) }, "next of this prime"));
  node.replaceChildren(count, el("div", { class: "mx-two" }, el("div", {}, torus.node, strip), el("div", {}, steps, detail)));

  const title = el("h4"), about = el("p"), charts = [0, 1].map(() => el("div", { class: "mx-chart" })), map = heatFrame("The neuron's activation over all inputs: x0 to the right, x1 upwards."), written = new Bars(false), off = el("button", { type: "button", onclick: () => toggle(`j${state.neuron}`) });
  const body = el("div", {}, title, about, el("p", { class: "mx-cap" }, "Its input as x₀ runs and x₁ stays; dashed, as read"), charts[0], el("p", { class: "mx-cap" }, "as x₁ runs and x₀ stays"), charts[1],
    el("div", { class: "mx-half" }, el("div", {}, el("p", { class: "mx-cap" }, "Its activation over all inputs"), map.node), el("div", {}, el("p", { class: "mx-cap" }, "What it writes to the remainders"), written.node)), off);
  const none = el("p", { class: "mx-note" }, "Click a dot, or choose a number above, to look inside a neuron.");

  let pictured = null;
  listeners.push(() => {
    const { n, q, neuron } = state, mask = offMask(), pre = net.now.pre(n), chosen = neuronsOf(q);
    torus.set(Array.from(read.q, (prime, j) => ({ u: turn(read.phi0[j]), v: turn(read.phi1[j]), task: TASKS.indexOf(prime), glow: Math.max(0, pre[j]) / net.now.largest[j], faint: prime !== q && j !== neuron, grey: prime !== q && j !== neuron, ring: j === neuron, off: mask?.[j] })));
    const firing = pre.filter((v, j) => v > 0 && !mask?.[j]).length, own = chosen.filter((j) => pre[j] > 0 && !mask?.[j]).length;
    count.textContent = `On ${format(n)}, ${firing} of ${format(pre.length)} neurons fire, among them ${own} of the ${chosen.length} of prime ${q} (the large dots).`;
    number.value = neuron ?? "";
    if (detail.firstChild !== (neuron === null ? none : body)) detail.replaceChildren(neuron === null ? none : body);
    if (neuron === null) return;
    const j = neuron, prime = read.q[j], k = read.k[j], x0 = n % P, x1 = Math.floor(n / P);
    title.textContent = `Neuron ${j}: prime ${prime}, k = ${k}`;
    about.textContent = `One wave in each digit, of frequency ${k}/${prime}, explains ${percent(read.rational[j])} of its input; the best pair of frequencies of the usual Fourier basis ${percent(read.zp[j])}, a random pair ${percent(read.random[j])}. Without its wave, task ${read.hurts[j]} loses most.`;
    const along = [Array.from({ length: P }, (_, x) => net.now.pre(x + P * x1, [j])[0]), Array.from({ length: P }, (_, x) => net.now.pre(x0 + P * x, [j])[0])];
    const wave0 = (x) => read.a0[j] * Math.cos((TURN * k * x) / prime - read.phi0[j]), wave1 = (x) => read.a1[j] * Math.cos((TURN * k * P * x) / prime - read.phi1[j]);
    charts.forEach((chart, digit) => curve(chart, along[digit], along[digit].map((_, x) => read.c[j] + (digit ? wave0(x0) + wave1(x) : wave0(x) + wave1(x1))), digit ? x1 : x0, `Input of neuron ${j} over digit x${digit}, and the wave that was read from it`));
    if (pictured !== j) {
      pictured = j;
      const all = new Float32Array(P * P), one = [j], value = new Float32Array(1);
      for (let m = 0; m < P * P; m++) all[m] = Math.max(0, net.now.pre(m, one, value)[0]);
      heat(map.canvas, all, P, P, net.now.largest[j]);
      const [from, to] = net.now.classes(prime), w = net.now.writes([j], from, to), mean = w.reduce((a, b) => a + b, 0) / prime, net_ = Array.from(w, (v) => v - mean);
      written.set({ network: net_, formula: net_.map((_, c) => read.b[j] * Math.cos((TURN * k * c) / prime - read.psi[j])), right: argmax(w, 0, prime), said: argmax(w, 0, prime), label: `What neuron ${j} writes to the ${prime} remainders: a wave of frequency ${k}` });
    }
    map.cross((x0 + 0.5) / P, (x1 + 0.5) / P);
    off.textContent = state.off.includes(`j${j}`) ? "switch it on again" : "switch this neuron off";
    off.setAttribute("aria-pressed", state.off.includes(`j${j}`));
  });
}
