// A number in, an answer for every prime out.

function factors(n) {
  const out = [];
  while (n > 1) { const f = leastFactor(n); out.push(f); n /= f; }
  return out;
}

function verdict(n, said) {
  const zeros = TASKS.filter((q, t) => said[t] === 0 && q !== n), prime = n > 1 && leastFactor(n) === n;
  if (n < 2) return { kind: "", text: `${n} is neither prime nor composite, and the test leaves it out.` };
  const truth = prime ? `${format(n)} is prime` : `${format(n)} = ${factors(n).join(" × ")}, its least factor being ${leastFactor(n)}`;
  const listed = zeros.length > 1 ? `${zeros.slice(0, -1).join(", ")} and ${zeros.at(-1)}` : zeros.join("");
  const says = zeros.length ? `composite: the remainder${zeros.length > 1 ? "s" : ""} by ${listed} ${zeros.length > 1 ? "are" : "is"} 0` : TASKS.includes(n) ? "prime: only by itself is the remainder 0" : "prime: no remainder is 0";
  return { kind: zeros.length ? "composite" : "prime", right: prime === !zeros.length, text: `The network says ${says}. ${prime === !zeros.length ? "True" : "Not so"}: ${truth}.` };
}

function answersPart(node) {
  const slider = (digit, label) => {
    const input = el("input", { type: "range", min: 0, max: P - 1, step: 1, id: `mx-x${digit}`, oninput: () => change({ n: digit ? (state.n % P) + P * input.value : state.n - (state.n % P) + +input.value }) });
    const out = el("output", { for: `mx-x${digit}` });
    return { input, out, row: el("div", { class: `mx-slider mx-x${digit}` }, el("label", { for: `mx-x${digit}` }, label), input, out) };
  };
  const x0 = slider(0, "digit x₀"), x1 = slider(1, "digit x₁"), sum = el("p", { class: "mx-sum" }), said = el("p", { class: "mx-verdict", role: "status", "aria-live": "polite" });
  const cells = TASKS.map((q) => {
    const value = el("b"), meter = el("i"), note = el("small");
    const button = el("button", { type: "button", class: "mx-cell", onclick: () => change({ q }) }, el("span", {}, `mod ${q}`), value, el("span", { class: "mx-meter", "aria-hidden": "true" }, meter), note);
    return { q, button, value, meter, note };
  });
  const wrong = el("p", { class: "mx-wrong" });
  node.replaceChildren(el("div", { class: "mx-digits" }, x1.row, x0.row, sum), said, el("div", { class: "mx-cells", role: "group", "aria-label": `The ${TASKS.length} remainders; choose one to see how it is found` }, ...cells.map((c) => c.button)), wrong);

  const list = Array.from({ length: read.wrong.length / 2 }, (_, i) => [read.wrong[2 * i], read.wrong[2 * i + 1]]);
  wrong.append(`Of its ${format(FACTS.cells)} answers this network has ${list.length} wrong. See them: `);
  list.forEach(([n, q], i) => wrong.append(i ? ", " : "", el("button", { type: "button", class: "mx-link", onclick: () => change({ n, q, off: [], only: null }) }, `${format(n)} mod ${q}`)));
  wrong.append(".");

  let before = "";
  listeners.push(() => {
    const { n, q } = state, { logits, said: answers } = answer(n), v = verdict(n, answers);
    x0.input.value = n % P; x1.input.value = Math.floor(n / P); x0.out.value = n % P; x1.out.value = Math.floor(n / P);
    sum.textContent = `n = ${n % P} + ${P} × ${Math.floor(n / P)} = ${format(n)}`;
    if (v.text !== before) said.textContent = before = v.text;
    said.className = `mx-verdict ${v.kind} ${v.right === false ? "false" : ""}`;
    cells.forEach((cell, t) => {
      const margin = marginOf(logits, t, n), right = n % cell.q, ok = answers[t] === right;
      cell.value.textContent = answers[t];
      cell.note.textContent = ok ? `margin ${format(margin, 1)}` : `wrong: it is ${right}`;
      cell.meter.style.width = `${Math.min(100, Math.abs(margin) * 3)}%`;
      cell.button.className = `mx-cell ${ok ? "" : "wrong"} ${answers[t] === 0 ? "zero" : ""}`;
      cell.button.setAttribute("aria-pressed", cell.q === q);
      cell.button.setAttribute("aria-label", `${n} mod ${cell.q}: the network says ${answers[t]}, ${ok ? "right" : `wrong, it is ${right}`}, margin ${format(margin, 1)}`);
    });
  });
}
