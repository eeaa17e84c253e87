// Accuracies of the network as it now is: on a sample at once, and on all inputs from a worker that is started when they are first looked at.

const SAMPLE = 420;
const measured = { before: null, now: null, on: 0, progress: null, less: null };
let sample = null, worker = null, questions = 0, told = () => {};
const waiting = new Map();

function theSample() {
  if (!sample) {
    sample = new Survey(net.now, Array.from({ length: SAMPLE }, (_, i) => (i * 7919 + 3) % net.now.total)); // every residue of every task
    sample.advance(SAMPLE);
    measured.sampled = sample.accuracies(new Uint8Array(net.now.M));
  }
  return sample;
}

function startWorker() {
  if (worker) return;
  const w = net.now.w, names = Object.keys(w);
  worker = new Worker(URL.createObjectURL(new Blob([WORKER], { type: "text/javascript" })));
  worker.onmessage = ({ data }) => {
    if (data.progress !== undefined) {
      measured.progress = data.progress;
      if (data.progress === 1) ask({ off: new Uint8Array(net.now.M) }).then((values) => { measured.before = values; survey(); });
      told();
    } else {
      waiting.get(data.id)?.(data.answer);
      waiting.delete(data.id);
    }
  };
  worker.onerror = () => { measured.progress = null; told(); }; // a page that may not start workers keeps the sample
  worker.postMessage({ weights: Object.fromEntries(names.map((name) => [name, w[name]])), shapes: net.shapes, mean: net.now.mean });
  measured.progress = 0;
}

function ask(question) {
  return new Promise((resolve) => { waiting.set(++questions, resolve); worker.postMessage({ ...question, id: questions }); });
}

/** All accuracies as things stand; `told` is called when there are better ones. */
function survey() {
  const mask = offMask(), mine = (measured.asked = (measured.asked || 0) + 1);
  if (!mask && measured.before) Object.assign(measured, { now: measured.before, on: net.now.total });
  else {
    Object.assign(measured, { now: mask ? theSample().accuracies(mask) : (theSample(), measured.sampled), on: SAMPLE });
    if (mask && measured.before) ask({ kind: "off", off: mask }).then((values) => {
      if (mine === measured.asked) { Object.assign(measured, { now: values, on: net.now.total }); told(); }
    });
  }
  told();
}
