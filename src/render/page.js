// Contents that are open beside the text and closed above it, the part that is read marked in them; keys for what scrolls sideways.
(function () {
  var contents = document.querySelector('.toc details'), wide = window.matchMedia('(min-width: 66em)');
  if (contents) {
    var fold = function () { contents.open = wide.matches; };
    fold();
    wide.addEventListener('change', fold);
    var links = Array.prototype.slice.call(contents.querySelectorAll('a[href^="#"]'));
    links.forEach(function (link) { link.addEventListener('click', function () { if (!wide.matches) contents.open = false; }); });
    var parts = links.map(function (link) { return document.getElementById(decodeURIComponent(link.hash.slice(1))); });
    var mark = function () {
      var now = -1;
      parts.forEach(function (part, k) { if (part && part.getBoundingClientRect().top < 120) now = k; });
      links.forEach(function (link, k) { if (k === now) link.setAttribute('aria-current', 'true'); else link.removeAttribute('aria-current'); });
    };
    new IntersectionObserver(mark, { rootMargin: '-110px 0px 0px 0px', threshold: [0, 1] }).observe(document.body);
    window.addEventListener('scroll', mark, { passive: true });
    mark();
  }
  function reach() {
    document.querySelectorAll('main pre, main table, main math[display="block"]').forEach(function (box) {
      if (box.scrollWidth > box.clientWidth + 1) box.tabIndex = 0; else box.removeAttribute('tabindex');
    });
  }
  reach();
  window.addEventListener('resize', reach);
})();
