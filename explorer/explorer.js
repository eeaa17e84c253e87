// The page: the bar that stays in sight, the parts in their order, and what starts them once the page has been painted.

function controls(node) {
  const number = el("input", { type: "number", min: 0, max: P * P - 1, step: 1, id: "mx-n", inputmode: "numeric", oninput: () => {
    const n = Number(number.value), fits = number.value !== "" && Number.isInteger(n) && n >= 0 && n < P * P;
    limits.hidden = fits || number.value === "";
    if (fits) change({ n });
  }, onblur: () => { limits.hidden = true; number.value = state.n; } });
  const limits = el("span", { class: "mx-note", role: "status", hidden: true }, `whole numbers from 0 to ${format(P * P - 1)}`);
  const step = (by) => change({ n: (state.n + by + P * P) % (P * P) });
  const choice = el("select", { id: "mx-q", onchange: () => change({ q: +choice.value }) }, ...TASKS.map((q) => el("option", { value: q }, String(q))));
  const said = el("b", { "aria-hidden": "true" }); // the part below says it aloud
  const off = el("span", { class: "mx-off" }), reset = el("button", { type: "button", onclick: () => change({ off: [], only: null, cut: false }) }, "on again");
  node.replaceChildren(el("label", { for: "mx-n" }, "n"), el("button", { type: "button", "aria-label": "one less", onclick: () => step(-1) }, "−"), number, el("button", { type: "button", "aria-label": "one more", onclick: () => step(1) }, "+"),
    el("button", { type: "button", onclick: () => change({ n: Math.floor(Math.random() * P * P) }) }, "random"), limits, el("span", { style: "white-space: nowrap" }, el("label", { for: "mx-q" }, "divisor q "), choice), said, off, reset);
  listeners.push(() => {
    if (document.activeElement !== number || +number.value !== state.n) number.value = state.n;
    choice.value = state.q;
    const { kind, right } = verdict(state.n, answer(state.n).said);
    said.textContent = kind && `→ ${kind}${right ? "" : ", which is wrong"}`;
    const silent = [offMask() ? offText() : "", state.cut ? `what the others write to ${state.q} of single digits` : ""].filter(Boolean);
    off.textContent = silent.length ? `off: ${silent.join("; ")}` : "";
    off.hidden = reset.hidden = !silent.length;
  });
}

let wanted = null; // where to go once the parts have their height
function goTo(part) {
  if (document.documentElement.dataset.explorer !== "ready") wanted = part;
  document.getElementById(part ?? "")?.scrollIntoView({ behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
}

/** Links to a state of this page change it in place and go to the part that they name. */
function followLinks() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href*='#']");
    if (!link || event.ctrlKey || event.metaKey || !link.hash.includes("=") || link.pathname !== location.pathname) return;
    event.preventDefault();
    goTo(link.dataset.to);
    change({ off: [], only: null, cut: false, neuron: null, ...parseHash(link.hash) });
  });
  addEventListener("hashchange", () => { if (location.hash.includes("=")) change(parseHash(location.hash), { keep: true }); });
}

const pause = () => new Promise((resolve) => setTimeout(resolve));
async function inSteps(steps, each = 12) {
  let until = performance.now() + each;
  for (const step of steps) { void step; if (performance.now() > until) { await pause(); until = performance.now() + each; } }
}

async function start() {
  const parts = { controls, answers: answersPart, clocks: clocksPart, neurons: neuronsPart, "knock-out": knockoutPart, cancellation: cancellationPart, training: trainingPart };
  if (location.hash.includes("=")) Object.assign(state, parseHash(location.hash));
  followLinks();
  await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve))); // the page first
  const w = unpack(packs.weights.text, packs.weights.manifest);
  packs.weights.text = ""; // three megabytes that nobody needs again
  net.shapes = Object.fromEntries(packs.weights.manifest.map(([name, , shape]) => [name, shape]));
  Object.assign(read, unpack(packs.reading.text, packs.reading.manifest));
  net.now = new Network(w, net.shapes);
  await inSteps(net.now.tables());
  await inSteps(net.now.average());
  for (const node of document.querySelectorAll("[data-part]")) { parts[node.dataset.part](node); await pause(); }
  change({}, { keep: true });
  document.documentElement.dataset.explorer = "ready";
  requestAnimationFrame(() => { if (wanted) goTo(wanted); });
}

async function allReady() {
  startWorker();
  while (!measured.before) await new Promise((resolve) => setTimeout(resolve, 50));
}

/** For the console: explorer.logits(8051), await explorer.accuracies({ off: ["73"] }), explorer.change({ n: 7, q: 13 }). */
globalThis.explorer = {
  state, change, measured, started: start(),
  logits: (n, setting) => Array.from(net.now.logits(n, setting ? offMask({ off: [], only: null, ...setting }) : null)),
  formula: (n, q) => Array.from({ length: q }, (_, c) => wavesOf(q).reduce((sum, { k, s }) => sum + s * Math.cos((TURN * k * (n - c)) / q), 0)),
  oneDigit: (q, digit) => net.now.oneDigit(q, digit, neuronsOf(q)),
  async accuracies(setting) {
    await allReady();
    return ask({ off: offMask({ off: [], only: null, ...setting }) ?? new Uint8Array(net.now.M) });
  },
  async accuracyWithoutOthers(q) {
    await allReady();
    const [less0, less1] = [0, 1].map((digit) => net.now.oneDigit(q, digit, neuronsOf(q)).others);
    return ask({ q, less0, less1 });
  },
};
