// Pages through the slides: arrows, space and page keys; Home and End; s shows the notes; #n opens slide n.
(function () {
  var slides = Array.prototype.slice.call(document.querySelectorAll('section.slide'));
  var now = Math.min(Math.max(parseInt(location.hash.slice(1), 10) || 0, 0), slides.length - 1);
  function fragments(shown) { return slides[now].querySelectorAll(shown ? '.fragment.shown' : '.fragment:not(.shown)'); }
  function show(index, all) {
    slides[now].classList.remove('now');
    now = Math.min(Math.max(index, 0), slides.length - 1);
    slides[now].classList.add('now');
    slides[now].querySelectorAll('.fragment').forEach(function (f) { f.classList.toggle('shown', !!all); });
    document.getElementById('bar').textContent = now + 1 + ' / ' + slides.length;
    try { history.replaceState(null, '', '#' + now); } catch (error) { /* some browsers refuse this for files */ }
  }
  function next() { var left = fragments(false); if (left.length) left[0].classList.add('shown'); else if (now < slides.length - 1) show(now + 1); }
  function back() { var seen = fragments(true); if (seen.length) seen[seen.length - 1].classList.remove('shown'); else if (now > 0) show(now - 1, true); }
  document.addEventListener('keydown', function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    var keys = { ArrowRight: next, ArrowDown: next, ' ': next, PageDown: next, ArrowLeft: back, ArrowUp: back, PageUp: back,
      Home: function () { show(0); }, End: function () { show(slides.length - 1); }, s: function () { document.body.classList.toggle('notes'); } };
    if (keys[event.key]) { keys[event.key](); event.preventDefault(); }
  });
  document.addEventListener('click', function (event) { if (!event.target.closest('a')) next(); });
  window.addEventListener('hashchange', function () { if (/^#\d+$/.test(location.hash)) show(parseInt(location.hash.slice(1), 10)); });
  show(now);
})();
