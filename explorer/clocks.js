// One divisor: two hands that add, for each frequency that its neurons use, and what comes of them.

function clocksPart(node) {
  const text = el("p", { class: "mx-line" }), dials = el("div", { class: "mx-dials" }), bars = new Bars(), note = el("p", { class: "mx-note" });
  node.replaceChildren(text, dials, el("p", { class: "mx-legend" }, el("span", { class: "mx-key mx-key-x0" }, "x₀"), el("span", { class: "mx-key mx-key-x1" }, "x₁"), el("span", { class: "mx-key mx-key-sum" }, "their sum")),
    bars.node, el("p", { class: "mx-legend" }, el("span", { class: "mx-key mx-key-bar" }, "the network's logits"), el("span", { class: "mx-key mx-key-formula" }, "the formula"), el("span", { class: "mx-key mx-key-rest" }, "below: what the formula leaves")), note);
  let shown = null, drawn = [];
  listeners.push(() => {
    const { n, q } = state, waves = wavesOf(q);
    if (shown !== q) {
      shown = q;
      drawn = waves.map(({ k, neurons }) => new Dial(q, k, P, `k = ${k}, ${neurons.length} neurons`));
      dials.replaceChildren(...drawn.map((dial) => dial.node));
    }
    drawn.forEach((dial, i) => { dial.set(n); dial.node.classList.toggle("off", waves[i].neurons.every((j) => offMask()?.[j])); });
    text.textContent = `${format(n)} mod ${q} = ${n % q}. For each frequency k the digit x₀ turns its hand by k·x₀/${q} of a turn, and x₁ by k·${P}·x₁/${q}; their sum stands at ${n % q} on every clock. A clock gives a remainder more the nearer it stands to the sum, and only ${n % q} is near on all of them.`;
    const { logits, said } = answer(n), t = TASKS.indexOf(q), [from] = net.now.classes(q);
    const network = Array.from({ length: q }, (_, c) => logits[from + c] - net.now.meanLogits[from + c]), mean = network.reduce((a, b) => a + b, 0) / q;
    const formula = network.map((_, c) => waves.reduce((sum, { k, s }) => sum + s * Math.cos((TURN * k * (n - c)) / q), 0));
    const ours = network.map((v) => v - mean), square = (x) => x.reduce((sum, v) => sum + v * v, 0);
    bars.set({ network: ours, formula, right: n % q, said: said[t], label: `Logits of the ${q} remainders for n = ${n}: the network's are largest at ${said[t]}; the formula's at ${argmax(formula, 0, q)}.` });
    const left = square(ours.map((v, c) => v - formula[c])) / square(ours);
    note.textContent = `The formula, a sum of ${waves.length === 1 ? "one cosine" : `${waves.length} cosines`} with strengths read from the weights, has ${percent(Math.max(0, 1 - left))} of the variance of these logits${offMask() ? " (the formula knows nothing of neurons switched off)" : ""}. Each remainder's mean over all numbers is left out.`;
  });
}
