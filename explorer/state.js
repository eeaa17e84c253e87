// What the page shows, and its address: #n=8051&q=83&off=7,73k31,j412 says all of it. `change` is the only way to another state.

const net = { ready: null }, read = {}, listeners = [];
const state = { n: 8051, q: 83, off: [], only: null, neuron: null, digit: 0, cut: false, step: null };
const P = 113, TASKS = primesBelow(P);

function parseHash(hash) {
  const found = new URLSearchParams(hash.replace(/^#/, "")), out = {}, whole = (name, low, high) => {
    const value = Number(found.get(name));
    return found.has(name) && Number.isInteger(value) && value >= low && value <= high ? value : undefined;
  };
  out.n = whole("n", 0, P * P - 1);
  out.q = TASKS.includes(whole("q", 2, P)) ? whole("q", 2, P) : undefined;
  out.neuron = whole("neuron", 0, 1023) ?? null;
  out.only = TASKS.includes(whole("only", 2, P)) ? whole("only", 2, P) : null;
  out.off = (found.get("off") || "").split(",").filter((token) => /^(\d+(k\d+)?|j\d+)$/.test(token) && (token[0] === "j" || TASKS.includes(parseInt(token))));
  out.cut = found.get("cut") === "1";
  return Object.fromEntries(Object.entries(out).filter(([, value]) => value !== undefined));
}

function address() {
  const { n, q, off, only, neuron, cut } = state, parts = [`n=${n}`, `q=${q}`];
  if (off.length) parts.push(`off=${off.join(",")}`);
  if (only !== null) parts.push(`only=${only}`);
  if (neuron !== null) parts.push(`neuron=${neuron}`);
  if (cut) parts.push("cut=1");
  return `#${parts.join("&")}`;
}

let asked = false, written = null;
function change(patch, { keep = false } = {}) {
  Object.assign(state, patch);
  if (!keep) written ??= setTimeout(() => { written = null; history.replaceState(null, "", address()); }, 250); // browsers refuse more than a few a second
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => { asked = false; for (const listener of listeners) listener(state); });
}

const toggle = (token) => change({ off: state.off.includes(token) ? state.off.filter((one) => one !== token) : [...state.off, token] });

/** Which neurons stand at their means, as bytes; null where none does. */
function offMask({ off, only } = state) {
  if (!off.length && only === null) return null;
  const mask = new Uint8Array(read.q.length);
  for (let j = 0; j < mask.length; j++) {
    mask[j] = off.includes(String(read.q[j])) || off.includes(`${read.q[j]}k${read.k[j]}`) || off.includes(`j${j}`) || (only !== null && read.q[j] !== only);
  }
  return mask;
}

const nameOf = (token) => token[0] === "j" ? `neuron ${token.slice(1)}` : token.includes("k") ? `k = ${token.split("k")[1]} of ${token.split("k")[0]}` : `all of ${token}`;
const offText = () => [...(state.only !== null ? [`all but ${state.only}`] : []), ...state.off.map(nameOf)].join(", ");

/** Packed logits of n as the network now is, and the answers. */
function answer(n) {
  const logits = net.now.logits(n, offMask());
  return { logits, said: TASKS.map((q, t) => argmax(logits, net.now.ends[t] - q, net.now.ends[t])) };
}

/** Logit of the right class less the best other. */
function marginOf(logits, t, n) {
  const q = TASKS[t], from = net.now.ends[t] - q, right = from + (n % q);
  let best = -Infinity;
  for (let c = from; c < from + q; c++) if (c !== right && logits[c] > best) best = logits[c];
  return logits[right] - best;
}

const neuronsOf = (q) => (read.groups ??= Object.fromEntries(TASKS.map((one) => [one, [...read.q.keys()].filter((j) => read.q[j] === one)])))[q];
const wavesOf = (q) => [...read.wave_q.keys()].filter((i) => read.wave_q[i] === q).map((i) => ({ k: read.wave_k[i], s: read.wave_s[i], neurons: neuronsOf(q).filter((j) => read.k[j] === read.wave_k[i]) }));
