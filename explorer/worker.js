// The worker: all inputs at once. It is sent the weights and the neurons' means, then which neurons are off, and answers with accuracies.
let survey = null;
const newest = {};

onmessage = async ({ data }) => {
  if (data.weights) {
    const net = new Network(data.weights, data.shapes);
    for (const step of net.tables()) void step;
    net.mean = data.mean;
    survey = new Survey(net, Array.from({ length: net.total }, (_, n) => n));
    while (!survey.ready) {
      survey.advance(192);
      postMessage({ progress: survey.done / net.total });
    }
    return;
  }
  if (data.kind) {
    newest[data.kind] = data;
    await new Promise((resolve) => setTimeout(resolve)); // a later question of this kind, already sent, takes its place
    if (newest[data.kind] !== data) return;
  }
  const answer = data.off ? survey.accuracies(data.off) : survey.accuracyWithout(data.q, data.less0, data.less1);
  postMessage({ id: data.id, answer });
};
