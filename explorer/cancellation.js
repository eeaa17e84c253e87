// What a task's own neurons write of one digit alone, what all others write of it, and their sum.

function cancellationPart(node) {
  const names = ["its own neurons", "all others", "together"], frames = names.map((name) => heatFrame(`Logits that hang on one digit alone, written by ${name}: digit upwards, classes to the right`));
  const digits = [0, 1].map((digit) => el("button", { type: "button", onclick: () => change({ digit }, { keep: true }) }, `of x${"₀₁"[digit]}`));
  const cut = el("button", { type: "button", onclick: () => change({ cut: !state.cut }) }, "switch the others' part off"), line = el("p", { class: "mx-line", role: "status", "aria-live": "polite" }), who = el("p", { class: "mx-note" });
  const captions = frames.map(() => el("figcaption"));
  node.replaceChildren(el("div", { class: "mx-row", role: "group", "aria-label": "Which digit" }, "The part ", ...digits, cut),
    el("div", { class: "mx-three" }, ...frames.map((frame, i) => el("figure", {}, frame.node, captions[i]))), line, who);
  let shown = "", parts = null, asked = 0;
  listeners.push(() => {
    const { q, n, digit } = state, t = TASKS.indexOf(q), T = TASKS.length;
    if (shown !== String(q)) {
      shown = String(q);
      parts = [0, 1].map((d) => net.now.oneDigit(q, d, neuronsOf(q)));
    }
    const { own, others, sum } = parts[digit], size = (x) => Math.sqrt(x.reduce((s, v) => s + v * v, 0) / x.length), scale = 2.5 * Math.max(size(own), size(others)) || 1, left = state.cut ? own : sum;
    [own, state.cut ? new Float32Array(own.length) : others, left].forEach((values, i) => {
      heat(frames[i].canvas, values, P, q, scale);
      frames[i].cross(null, ((digit ? Math.floor(n / P) : n % P) + 0.5) / P);
      captions[i].textContent = `${names[i]}: ${format(size(values), 1)} on average`;
    });
    digits.forEach((button, d) => button.setAttribute("aria-pressed", d === digit));
    cut.setAttribute("aria-pressed", state.cut);
    const clears = TASKS.map((prime, r) => ({ prime: String(prime), share: read.clears[(digit * T + t) * (T + 1) + r] })).concat({ prime: "what goes around the neurons", share: read.clears[(digit * T + t) * (T + 1) + T] });
    clears.sort((a, b) => b.share - a.share);
    who.textContent = q === 2 ? "Task 2 has next to no such part." : `Of x${"₀₁"[digit]} alone, most is taken away by ${clears.slice(0, 4).map(({ prime, share }) => `${prime} (${percent(share)})`).join(", ")}.`;
    const mine = ++asked, [less0, less1] = parts.map((part) => part.others), said = (accuracy, place) => {
      if (mine !== asked) return;
      line.textContent = state.cut ? `With what the others write of single digits switched off, on both digits, task ${q} is right on ${percent(accuracy)} of ${place}.` : `Together they add up to almost nothing: the network's answer hangs on both digits.`;
    };
    if (!state.cut) return said();
    const quick = theSample();
    said(quick.accuracyWithout(q, less0, less1), `a sample of ${SAMPLE} numbers`);
    startWorker();
    if (measured.before) ask({ kind: "less", q, less0, less1 }).then((accuracy) => said(accuracy, `all ${format(net.now.total)} numbers`));
  });
}
