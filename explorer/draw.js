// Small drawings that the explorer and the widget share. One unit of a drawing is one pixel, so that its text keeps its size on a phone.

const format = (x, digits = 0) => x.toLocaleString("en-GB", { minimumFractionDigits: digits, maximumFractionDigits: digits });
/** Rounded down near the whole, so that 100% means all. */
const percent = (x) => (x === 1 ? "100%" : x > 0.995 ? `${format(Math.floor(1e4 * x) / 100, 2)}%` : `${format(100 * x, 1)}%`);
const TURN = 2 * Math.PI;

function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children);
  return node;
}

function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** Call `draw` now and whenever the node's width or the page's colours change. */
function whenever(node, draw) {
  new ResizeObserver(draw).observe(node);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  for (const one of [document.documentElement, document.body]) new MutationObserver(draw).observe(one, { attributes: true, attributeFilter: ["class", "data-theme"] });
}

/** A clock: one hand for each digit and, thick, their sum, which points at n mod q. Remainder c stands at k c / q turns. */
class Dial {
  constructor(q, k, p, caption, size = 150) {
    Object.assign(this, { q, k, p, turns: [0, 0, 0] });
    const r = size / 2 - 16, dots = [];
    this.place = (c, radius) => [radius * Math.sin((TURN * k * c) / q), -radius * Math.cos((TURN * k * c) / q)];
    for (let c = 0; c < q; c++) { const [x, y] = this.place(c, r); dots.push(svg("circle", { cx: x, cy: y, r: q > 40 ? 0.9 : 1.6, class: "mx-dot" })); }
    this.hands = [0, 1, 2].map((i) => svg("line", { x1: 0, y1: 0, x2: 0, y2: -r * [0.62, 0.86, 1][i], class: `mx-hand mx-hand-${i}` }));
    this.mark = svg("circle", { r: 4.5, class: "mx-mark" });
    this.text = svg("text", { class: "mx-dial-text", "text-anchor": "middle", dy: "0.35em" });
    this.picture = svg("svg", { viewBox: `${-size / 2} ${-size / 2} ${size} ${size}`, width: size, height: size, role: "img" },
      svg("circle", { r, class: "mx-rim" }), ...dots, this.hands[1], this.hands[0], this.hands[2], this.mark, svg("circle", { r: 3, class: "mx-hub" }), this.text);
    this.node = el("figure", { class: "mx-dial" }, this.picture, el("figcaption", {}, caption));
    this.radius = r;
  }

  set(n) {
    const { q, k, p } = this, x0 = n % p, x1 = Math.floor(n / p), angles = [(k * x0) / q, (k * p * x1) / q, (k * n) / q];
    angles.forEach((to, i) => {
      const turn = ((to - this.turns[i]) % 1 + 1.5) % 1 - 0.5; // the short way round
      this.turns[i] += turn;
      this.hands[i].style.transform = `rotate(${this.turns[i]}turn)`;
    });
    const c = n % q, [x, y] = this.place(c, this.radius), [tx, ty] = this.place(c, this.radius + 10);
    this.mark.setAttribute("cx", x); this.mark.setAttribute("cy", y);
    this.text.setAttribute("x", tx); this.text.setAttribute("y", ty);
    this.text.textContent = c;
    this.picture.setAttribute("aria-label", `Clock of ${q} hours at frequency ${k}: the hands of x0 = ${x0} and x1 = ${x1} add up to ${c}.`);
  }
}

/** Values over remainders as one strip of bars, all strips of a kind on one scale. */
class Strip {
  constructor(label) { this.node = el("div", { class: "mx-strip-bars", role: "img", "aria-label": label }); whenever(this.node, () => this.draw()); }

  set(values, scale) { Object.assign(this, { values, scale }); this.draw(); }

  draw() {
    const width = this.node.clientWidth, height = 64;
    if (!this.values || !width) return;
    const step = width / this.values.length, bars = Array.from(this.values, (v, c) => {
      const tall = Math.min(height / 2, (Math.abs(v) / this.scale) * (height / 2));
      return svg("rect", { x: (c + 0.15) * step, width: 0.7 * step, y: v > 0 ? height / 2 - tall : height / 2, height: tall, class: v > 0 ? "mx-up" : "mx-under" });
    });
    this.node.replaceChildren(svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" }, ...bars, svg("line", { x1: 0, x2: width, y1: height / 2, y2: height / 2, class: "mx-axis" })));
  }
}

/** Bars over remainders, the formula's value as a mark on each, and below them what is left over. */
class Bars {
  constructor(rest = true) { this.rest = rest; this.node = el("div", { class: "mx-bars" }); whenever(this.node, () => this.draw()); }

  set(data) { this.data = data; this.draw(); }

  draw() {
    if (!this.data || !this.node.clientWidth) return;
    const { network, formula, right, said, label } = this.data, q = network.length, width = this.node.clientWidth, tall = 150, below = this.rest ? 46 : 0;
    const high = Math.max(...network, ...formula) * 1.12, low = Math.min(0, ...network, ...formula) * 1.05, y = (v) => 18 + ((high - v) / (high - low)) * (tall - 18);
    const step = (width - 2) / q, bar = Math.max(1, step * 0.7), parts = [];
    for (let c = 0; c < q; c++) {
      const x = 1 + c * step + (step - bar) / 2, v = network[c];
      parts.push(svg("rect", { x, width: bar, y: Math.min(y(0), y(v)), height: Math.abs(y(v) - y(0)), class: c === said ? (said === right ? "mx-bar-said" : "mx-bar-wrong") : "mx-bar-one" }));
      parts.push(svg("line", { x1: x - step * 0.1, x2: x + bar + step * 0.1, y1: y(formula[c]), y2: y(formula[c]), class: "mx-formula" }));
      if (this.rest) {
        const left = ((network[c] - formula[c]) / (high - low)) * (tall - 18), zero = tall + 24;
        parts.push(svg("rect", { x, width: bar, y: Math.min(zero, zero - left), height: Math.abs(left), class: "mx-rest" }));
      }
    }
    parts.push(svg("line", { x1: 0, x2: width, y1: y(0), y2: y(0), class: "mx-axis" }));
    const at = 1 + (said + 0.5) * step, anchor = at < 60 ? "start" : at > width - 60 ? "end" : "middle";
    parts.push(svg("text", { x: anchor === "middle" ? at : anchor === "start" ? Math.max(0, at - step) : Math.min(width, at + step), y: 12, "text-anchor": anchor, class: "mx-peak" }, `remainder ${said}`));
    this.node.replaceChildren(svg("svg", { width, height: tall + below + 2, viewBox: `0 0 ${width} ${tall + below + 2}`, role: "img", "aria-label": label }, ...parts));
  }
}

const hue = (task, tasks) => Math.round((300 * task) / tasks);

/** Neurons as dots on the torus of their two phases. Points: {u, v} in turns, task, `glow` in [0, 1], `faint` (small), `grey`, `ring`, `off`. */
class Torus {
  constructor(label, tasks, pick = null) {
    Object.assign(this, { tasks, points: [] });
    this.canvas = el("canvas", { class: "mx-torus", role: "img", "aria-label": label });
    this.node = el("figure", { class: "mx-torus-frame" }, el("span", { class: "mx-torus-y", "aria-hidden": "true" }, "phase on x₁ →"), this.canvas,
      el("span", { class: "mx-torus-x", "aria-hidden": "true" }, "phase on x₀ →"));
    whenever(this.canvas, () => this.draw());
    if (pick) {
      this.canvas.classList.add("mx-pick");
      this.canvas.addEventListener("click", (event) => {
        const box = this.canvas.getBoundingClientRect(), u = (event.clientX - box.left) / box.width, v = 1 - (event.clientY - box.top) / box.height;
        const far = (point) => Math.hypot(point.u - u, point.v - v) + (point.faint ? 0.012 : 0);
        const best = this.points.reduce((a, b) => (far(b) < far(a) ? b : a));
        pick(this.points.indexOf(best));
      });
    }
  }

  set(points) { this.points = points; this.draw(); }

  draw() {
    const size = this.canvas.clientWidth, ratio = devicePixelRatio || 1;
    if (!size) return;
    this.canvas.width = this.canvas.height = size * ratio;
    const g = this.canvas.getContext("2d"), ink = getComputedStyle(this.canvas).color, light = getComputedStyle(this.canvas).getPropertyValue("--dot-light").trim() || "42%";
    g.scale(ratio, ratio);
    const order = [...this.points].sort((a, b) => !!b.faint - !!a.faint);
    for (const { u, v, task, glow = 0, faint, grey, ring, off } of order) {
      const x = u * size, y = (1 - v) * size, colour = (alpha) => `hsl(${hue(task, this.tasks)} 75% ${light} / ${alpha})`;
      if (glow > 0.02 && !off) {
        const r = 4 + 13 * glow, halo = g.createRadialGradient(x, y, 1, x, y, r);
        halo.addColorStop(0, colour(0.75 * glow * (grey ? 0.22 : 1)));
        halo.addColorStop(1, colour(0));
        g.fillStyle = halo;
        g.fillRect(x - r, y - r, 2 * r, 2 * r);
      }
      g.beginPath();
      g.arc(x, y, faint ? 1.9 : 3.6, 0, TURN);
      g.globalAlpha = faint ? 0.35 : grey ? 0.45 : 1;
      g.fillStyle = g.strokeStyle = grey ? ink : colour(1);
      if (off) g.stroke(); else g.fill();
      g.globalAlpha = 1;
      if (ring) { g.beginPath(); g.arc(x, y, 8, 0, TURN); g.strokeStyle = ink; g.lineWidth = 2; g.stroke(); g.lineWidth = 1; }
    }
  }
}
