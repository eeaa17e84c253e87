// Pages through the slides; `#keys` in deck.html lists what keys do. #n opens slide n, #id the slide that has it, such as a reference.
(function () {
  var body = document.body, keys = document.getElementById('keys'), count = document.getElementById('count');
  var slides = Array.prototype.slice.call(document.querySelectorAll('section.slide')), now = 0;

  function inside(index) { return Math.min(Math.max(index, 0), slides.length - 1); }
  function addressed() {
    var name = decodeURIComponent(location.hash.slice(1));
    if (/^\d+$/.test(name)) return { index: inside(Number(name)) };
    var target = name && document.getElementById(name), slide = target && target.closest('section.slide');
    return { index: slide ? slides.indexOf(slide) : 0, target: slide && target };
  }
  function fragments(shown) { return slides[now].querySelectorAll(shown ? '.fragment.shown' : '.fragment:not(.shown)'); }
  function show(index, all, address) {
    slides[now].classList.remove('now');
    now = inside(index);
    var slide = slides[now];
    slide.classList.add('now');
    slide.querySelectorAll('.fragment').forEach(function (f) { f.classList.toggle('shown', !!all); });
    count.textContent = now + 1 + ' / ' + slides.length;
    slide.scrollTop = 0;
    if (slide.scrollHeight > slide.clientHeight + 1) slide.tabIndex = 0; else slide.removeAttribute('tabindex');
    if (body.classList.contains('overview')) slide.scrollIntoView({ block: 'nearest' });
    if (!address) try { history.replaceState(null, '', '#' + now); } catch (error) { /* some browsers refuse this for files */ }
  }
  function open() {
    var to = addressed();
    show(to.index, !!to.target, true);
    if (to.target) to.target.scrollIntoView({ block: 'center' });
  }
  var actions = {
    next: function () { var left = overview() ? [] : fragments(false); if (left.length) left[0].classList.add('shown'); else if (now < slides.length - 1) show(now + 1); },
    back: function () { var seen = overview() ? [] : fragments(true); if (seen.length) seen[seen.length - 1].classList.remove('shown'); else if (now > 0) show(now - 1, true); },
    first: function () { show(0); },
    last: function () { show(slides.length - 1); },
    overview: function () { body.classList.toggle('overview'); show(now, true); },
    choose: function () { if (overview()) actions.overview(); },
    notes: function () { var on = body.classList.toggle('notes'); document.querySelector('[data-do="notes"]').setAttribute('aria-pressed', on); show(now, true); },
    full: function () { if (document.fullscreenElement) document.exitFullscreen(); else if (body.requestFullscreen) document.documentElement.requestFullscreen(); },
    help: function () { if (keys.open) keys.close(); else keys.showModal(); },
    close: function () { if (keys.open) keys.close(); else if (overview()) actions.overview(); else if (body.classList.contains('notes')) actions.notes(); }
  };
  function overview() { return body.classList.contains('overview'); }

  var bound = { ArrowRight: 'next', ArrowDown: 'next', ' ': 'next', PageDown: 'next', ArrowLeft: 'back', ArrowUp: 'back', PageUp: 'back', Home: 'first', End: 'last',
    o: 'overview', Enter: 'choose', s: 'notes', f: 'full', '?': 'help', Escape: 'close' };
  document.addEventListener('keydown', function (event) {
    var own = event.target.closest('button, a, select, input, summary, dialog'), action = bound[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey || !action) return;
    if (own && ([' ', 'Enter'].indexOf(event.key) >= 0 || own.matches('select, input, dialog'))) return; // theirs
    actions[action]();
    event.preventDefault();
  });
  document.addEventListener('click', function (event) {
    var button = event.target.closest('[data-do]');
    if (button) { actions[button.dataset.do](); return; }
    if (overview()) {
      var slide = event.target.closest('section.slide');
      if (slide) { event.preventDefault(); show(slides.indexOf(slide), true); actions.overview(); }
    } else if (!event.target.closest('a, button, select, summary, input, label, dialog, nav') && String(getSelection()) === '') actions.next();
  });
  var from = null;
  document.addEventListener('touchstart', function (event) { from = event.touches.length === 1 ? event.touches[0] : null; }, { passive: true });
  document.addEventListener('touchend', function (event) {
    var to = event.changedTouches[0], dx = from ? to.clientX - from.clientX : 0;
    if (!overview() && Math.abs(dx) > 50 && Math.abs(dx) > 2 * Math.abs(to.clientY - from.clientY)) actions[dx < 0 ? 'next' : 'back']();
    from = null;
  });
  window.addEventListener('hashchange', open);
  open();
})();
