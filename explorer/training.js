// A training, step by step: the same network on another draw of its training rows, of which every few steps were kept.

function trainingPart(node) {
  const course = unpack(packs.course.text, packs.course.manifest), S = course.step.length, M = course.q.length / S, T = TASKS.length;
  state.step ??= S - 1;
  const torus = new Torus("Neurons over training by their phases; large where one wave explains most of their input, in colour those of the divisor.", T), input = el("input", { type: "range", min: 0, max: S - 1, step: 1, id: "mx-step", oninput: () => change({ step: +input.value }, { keep: true }) }), out = el("output", { for: "mx-step" });
  const chart = el("div", { class: "mx-chart" }), line = el("p", { class: "mx-line", role: "status", "aria-live": "polite" }), bars = TASKS.map((q) => { const fill = el("i"); return { fill, node: el("div", { class: "mx-learn" }, el("span", {}, String(q)), el("span", { class: "mx-meter" }, fill)) }; });
  let playing = null;
  const stop = () => { clearInterval(playing); playing = null; play.textContent = "play"; };
  const play = el("button", { type: "button", onclick: () => {
    if (playing) return stop();
    if (state.step >= S - 1) change({ step: 0 }, { keep: true });
    play.textContent = "pause";
    playing = setInterval(() => (state.step >= S - 1 ? stop() : change({ step: state.step + 1 }, { keep: true })), 350);
  } }, "play");
  node.replaceChildren(el("div", { class: "mx-row mx-slider" }, el("label", { for: "mx-step" }, "step"), input, out, play), line,
    el("div", { class: "mx-two" }, el("div", {}, torus.node), el("div", {}, el("p", { class: "mx-cap" }, "Held-out accuracy (line), and the formula's share of the logits (dashed)"), chart, el("p", { class: "mx-cap" }, "Held-out accuracy of each task"), el("div", { class: "mx-learns", role: "img", "aria-label": `Held-out accuracy of the ${T} tasks at this step` }, ...bars.map((bar) => bar.node)))));
  const mean = Array.from({ length: S }, (_, s) => course.valid.subarray(s * T, (s + 1) * T).reduce((a, b) => a + b, 0) / T);
  const drawChart = () => {
    const width = chart.clientWidth || 300, height = 120, last = course.step[S - 1], x = (s) => 2 + (course.step[s] / last) * (width - 4), y = (v) => 4 + (1 - v) * (height - 8), path = (ys) => "M" + Array.from(ys, (v, s) => `${x(s).toFixed(1)} ${y(v).toFixed(1)}`).join("L");
    chart.replaceChildren(svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": "Mean held-out accuracy and the formula's share over training" }, svg("line", { x1: 0, x2: width, y1: y(0), y2: y(0), class: "mx-axis" }),
      svg("path", { d: path(mean), class: "mx-curve" }), svg("path", { d: path(course.formula), class: "mx-curve-read" }), svg("line", { x1: x(state.step), x2: x(state.step), y1: 0, y2: height, class: "mx-now" })));
  };
  whenever(chart, drawChart);
  let before = null;
  listeners.push(() => {
    const s = state.step;
    if (before === `${s} ${state.q}`) return;
    before = `${s} ${state.q}`;
    input.value = s;
    out.value = format(course.step[s]);
    input.setAttribute("aria-valuetext", `step ${course.step[s]}`);
    torus.set(Array.from({ length: M }, (_, j) => {
      const at = s * M + j, sure = course.explained[at] / 255;
      return { u: course.phi0[at] / 256, v: course.phi1[at] / 256, task: TASKS.indexOf(course.q[at]), faint: sure < 0.85, grey: course.q[at] !== state.q, glow: course.q[at] === state.q && sure >= 0.85 ? 0.5 : 0 };
    }));
    const sure = course.explained.subarray(s * M, (s + 1) * M).filter((v) => v >= 0.85 * 255).length;
    line.textContent = `At step ${format(course.step[s])} held-out accuracy is ${percent(mean[s])} on average, the formula has ${percent(Math.max(0, course.formula[s]))} of the logits, and one wave explains at least 85% of the input of ${sure} of ${format(M)} neurons (the large dots; in colour, those of ${state.q}).`;
    bars.forEach((bar, t) => { bar.fill.style.width = `${100 * course.valid[s * T + t]}%`; });
    drawChart();
  });
}
