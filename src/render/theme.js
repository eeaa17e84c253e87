// Light, dark or as the system has it. The choice lasts from page to page: in the browser's storage and, where a folder has none, in the
// window's name. Runs before the page is painted.
(function () {
  var key = 'miiii-theme', root = document.documentElement;
  function stored() { try { return localStorage.getItem(key); } catch (error) { return null; } }
  function chosen() { return (/^miiii-theme=(\w+)$/.exec(window.name) || [])[1] || stored() || 'auto'; }
  function paint() {
    var choice = chosen(), control = document.getElementById('theme');
    if (choice === 'auto') root.removeAttribute('data-theme'); else root.setAttribute('data-theme', choice);
    if (control) control.value = choice;
  }
  function choose(choice) {
    window.name = key + '=' + choice;
    try { localStorage.setItem(key, choice); } catch (error) { /* the window's name has it */ }
    paint();
  }
  paint();
  document.addEventListener('DOMContentLoaded', function () {
    var control = document.getElementById('theme');
    control.hidden = false;
    control.addEventListener('change', function () { choose(control.value); });
    paint();
  });
  window.addEventListener('pageshow', paint);
  window.addEventListener('storage', function (event) { if (event.key === key) choose(event.newValue || 'auto'); });
})();
