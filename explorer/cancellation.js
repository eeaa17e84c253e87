// What a task's own neurons write of one digit alone, what all others write of it, and their sum.

function cancellationPart(node) {
  const names = ["its own neurons", "all others", "together"], strips = names.map((name) => new Strip(`What ${name} write to each remainder of one digit alone`));
  const digits = [0, 1].map((digit) => el("button", { type: "button", onclick: () => change({ digit }, { keep: true }) }, `of x${"₀₁"[digit]}`));
  const cut = el("button", { type: "button", onclick: () => change({ cut: !state.cut }) }, "switch the others' part off"), line = el("p", { class: "mx-line", role: "status", "aria-live": "polite" }), who = el("p", { class: "mx-note" });
  const captions = names.map(() => el("figcaption"));
  node.replaceChildren(el("div", { class: "mx-row", role: "group", "aria-label": "Which digit" }, "The part ", ...digits, cut),
    el("div", { class: "mx-strips" }, ...strips.map((strip, i) => el("figure", {}, captions[i], strip.node))), line, who);
  let shown = "", parts = null, whole = null, asked = 0;
  listeners.push(() => {
    const { q, n, digit } = state, t = TASKS.indexOf(q), T = TASKS.length, mask = offMask(), now = `${q} ${state.off} ${state.only}`;
    if (shown !== now) {
      shown = now;
      whole = [0, 1].map((d) => net.now.oneDigit(q, d, neuronsOf(q)));
      parts = mask ? [0, 1].map((d) => net.now.oneDigit(q, d, neuronsOf(q), mask)) : whole;
    }
    const { own, others, sum } = parts[digit], size = (x) => Math.sqrt(x.reduce((s, v) => s + v * v, 0) / x.length), scale = whole[digit].own.reduce((most, v) => Math.max(most, Math.abs(v)), 0.3) * 0.8;
    const x = digit ? Math.floor(n / P) : n % P, nothing = new Float32Array(own.length);
    [own, state.cut ? nothing : others, state.cut ? own : sum].forEach((values, i) => {
      strips[i].set(values.subarray(x * q, (x + 1) * q), scale);
      captions[i].textContent = `${i === 1 && state.cut ? "all others, switched off" : names[i]} (typical size over all x${"₀₁"[digit]}: ${format(size(values), 1)})`;
    });
    digits.forEach((button, d) => button.setAttribute("aria-pressed", d === digit));
    cut.setAttribute("aria-pressed", state.cut);
    const row = (digit * T + t) * (T + 1), clears = [...TASKS, "what goes around the neurons"].map((name, r) => ({ name, share: read.clears[row + r] })).sort((a, b) => b.share - a.share);
    who.textContent = q === 2 ? "Task 2 has next to no such part." : `Of what ${q}'s neurons write of x${"₀₁"[digit]} alone, most is taken away by those of ${clears.slice(0, 4).map(({ name, share }) => `${name} (${percent(share)})`).join(", ")}.`;
    const mine = ++asked, [less0, less1] = whole.map((part) => part.others), said = (accuracy, place) => {
      if (mine === asked) line.textContent = `With all neurons on${mask ? ", those that are off above too," : ""} but without what the others write of single digits, of both, task ${q} is right on ${percent(accuracy)} of ${place}.`;
    };
    if (!state.cut) {
      line.textContent = mask ? `Off: ${offText()}. What is left together has a typical size of ${format(size(sum), 1)}, with everything on ${format(size(whole[digit].sum), 1)}.` : "Together they add up to little: the network's answer hangs on both digits.";
      return;
    }
    said(theSample().accuracyWithout(q, less0, less1), `a sample of ${SAMPLE} numbers`);
    startWorker();
    if (measured.before) ask({ kind: "less", q, less0, less1 }).then((accuracy) => said(accuracy, `all ${format(net.now.total)} numbers`));
  });
}
