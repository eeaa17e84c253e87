// Neurons switched off: what becomes of all tasks.

function knockoutPart(node) {
  const status = el("p", { class: "mx-line", role: "status", "aria-live": "polite" }), bar = el("progress", { max: 1, value: 0, "aria-label": "All inputs are being computed" });
  const rows = TASKS.map((q) => {
    const fill = el("i"), value = el("b"), button = el("button", { type: "button", class: "mx-task", "aria-label": `Task ${q}: not measured yet. Neurons of ${q}`, onclick: () => { change({ only: null }); toggle(String(q)); } },
      el("span", {}, String(q)), el("span", { class: "mx-meter", "aria-hidden": "true" }, fill), value);
    return { q, button, fill, value };
  });
  const waves = el("div", { class: "mx-row mx-waves", role: "group" }), why = el("div", { class: "mx-why" });
  const only = el("button", { type: "button", onclick: () => change({ off: [], only: state.only === null ? state.q : null }) }), all = el("button", { type: "button", onclick: () => change({ off: [], only: null }) }, "switch all on");
  node.replaceChildren(el("div", { class: "mx-row" }, only, all), waves, status, bar, el("div", { class: "mx-tasks", role: "group", "aria-label": "Accuracy of each task; press to switch off the neurons of its prime" }, ...rows.map((row) => row.button)), why);
  new IntersectionObserver((entries, observer) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    observer.disconnect();
    startWorker();
    if (!measured.now) survey();
  }, { rootMargin: "200px" }).observe(node);

  let listed = null;
  const show = () => {
    const { q, off } = state, values = measured.now, mask = offMask();
    bar.hidden = measured.progress === null || measured.progress === 1;
    bar.value = measured.progress ?? 0;
    only.textContent = state.only === null ? `keep only ${q}'s neurons` : `keep all again`;
    only.setAttribute("aria-pressed", state.only !== null);
    all.disabled = !mask;
    if (listed !== q) {
      listed = q;
      waves.setAttribute("aria-label", `Frequencies of prime ${q}`);
      waves.replaceChildren(`or a frequency of ${q}'s: `, ...wavesOf(q).map(({ k, neurons }) => el("button", { type: "button", "data-token": `${q}k${k}`, onclick: () => toggle(`${q}k${k}`) }, `k = ${k} (${neurons.length})`)));
    }
    for (const button of waves.querySelectorAll("button")) button.setAttribute("aria-pressed", off.includes(button.dataset.token));
    if (!values) return;
    const whole = measured.on === net.now.total, place = whole ? `all ${format(net.now.total)} numbers` : `a sample of ${measured.on} numbers`;
    status.textContent = `${mask ? `Off: ${offText()}. ` : "Everything is on. "}Accuracy on ${place}${whole ? "" : measured.progress === 1 ? "; the rest is coming" : measured.progress === null ? "" : "; all of them are being computed"}.`;
    rows.forEach((row, t) => {
      row.value.textContent = percent(values[t]);
      row.fill.style.width = `${100 * values[t]}%`;
      row.button.className = `mx-task ${values[t] < 0.99 ? (values[t] < 0.5 ? "lost" : "hurt") : ""}`;
      row.button.setAttribute("aria-pressed", off.includes(String(row.q)) || (state.only !== null && state.only !== row.q));
      row.button.setAttribute("aria-label", `Task ${row.q}: ${percent(values[t])} right. Neurons of ${row.q}`);
    });
    why.replaceChildren(...reasons(values).map((text) => el("p", {}, text)));
  };
  told = show;
  let before = "";
  listeners.push(() => {
    const now = `${state.off} ${state.only}`;
    if ((measured.now || offMask()) && now !== before) { before = now; survey(); } else show();
  });
}

/** Whether a wave of these primes has nearly the frequencies of one of q's, folded, on both digits: within half a bin of 1/P. */
function agreeing(primes, q) {
  const fold = (turns) => P * Math.min(turns % 1, 1 - (turns % 1)), near = (a, b) => Math.abs(fold(a) - fold(b)) <= 0.5;
  return primes.some((r) => wavesOf(r).some(({ k }) => wavesOf(q).some((one) => near(k / r, one.k / q) && near((k * P) / r, (one.k * P) / q))));
}

/** What happened, in words, where whole primes are off. */
function reasons(values) {
  const primes = state.off.filter((token) => /^\d+$/.test(token)).map(Number), T = TASKS.length;
  if (state.only !== null) {
    const t = TASKS.indexOf(state.only);
    return [`With ${state.only}'s neurons alone, task ${state.only} is right on ${percent(values[t])}: the neurons of other primes no longer clear away what these write of single digits. All other tasks are at chance, about one in q.`];
  }
  if (!primes.length) return [];
  const hurt = TASKS.map((q, t) => ({ q, t, value: values[t] })).filter((one) => !primes.includes(one.q) && one.value < 0.9995).sort((a, b) => a.value - b.value);
  const out = [`Task${primes.length > 1 ? "s" : ""} ${primes.join(", ")} fall${primes.length > 1 ? "" : "s"} to ${primes.map((q) => percent(values[TASKS.indexOf(q)])).join(", ")}. ${hurt.length ? `Most others hardly notice; ${hurt[0].q} does, and falls to ${percent(hurt[0].value)}.` : "No other task notices."}`];
  if (hurt.length) {
    const { q, t } = hurt[0], part = (digit) => primes.reduce((sum, r) => sum + read.clears[(digit * T + t) * (T + 1) + TASKS.indexOf(r)], 0);
    const own = `Why ${q}? Its own neurons also write something that hangs on one digit alone, which says nothing of n mod ${q}. Other primes' neurons, most of them of nearly the same frequency on that digit, write the opposite.`;
    out.push(Math.max(part(0), part(1)) < 0.05 ? `${own} Those of ${primes.join(", ")} take away little of it, so here the reason must be another.`
      : `${own} Those of ${primes.join(", ")} take away ${percent(Math.max(0, part(0)))} of it for x₀ and ${percent(Math.max(0, part(1)))} for x₁. Without them that much stays in ${q}'s logits.${agreeing(primes, q) ? ` And some of them, whose waves nearly agree with ${q}'s on both digits, help to write its remainder themselves. Both go at once, and on some numbers a wrong remainder wins.` : " On some numbers a wrong remainder wins."}`);
  }
  return out;
}
