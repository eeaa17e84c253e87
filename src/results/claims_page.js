// The filters of the claims page, on DataTables. An address may name a row, claims.html#residues.simplified.wrong-cells, or filters,
// claims.html#group=residues&status=short; without this script the first is a plain anchor and the second leads to the group's first row.
const form = document.querySelector('.claims-filters');
const fields = [form.elements.group, form.elements.status, form.elements.text];

// Terms of the glossary in what a row states lead there, and say on hover what they mean.
const terms = JSON.parse(document.getElementById('terms').textContent);
const words = new RegExp(`\\b(${Object.keys(terms).sort((a, b) => b.length - a.length).join('|')})(?=(?:s|es)?\\b)`, 'g');
for (const { firstChild: cell } of document.querySelectorAll('#claims tbody tr')) {
  const statement = [...cell.childNodes].find((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
  const seen = new Set();
  const parts = statement.data.split(words).map((word, i) => {
    if (i % 2 === 0 || seen.has(word)) return word;
    seen.add(word);
    const link = Object.assign(document.createElement('a'), { className: 'word', href: `glossary.html#${terms[word][0]}`, title: terms[word][1], textContent: word });
    return link;
  });
  statement.replaceWith(...parts);
}

const table = new DataTable('#claims', {
  paging: false, autoWidth: false, order: [], columnDefs: [{ orderable: false, targets: [1, 3, 5] }],
  layout: { topStart: null, topEnd: null, bottomStart: null, bottomEnd: null }, language: { zeroRecords: 'No row has all of this.' },
});
const all = form.querySelector('button');
let near = ''; // whoever comes from a number sees its row and those beside it: the start of their names
const rowNamed = (name) => table.row((index, data, node) => node.id === name).node();

function filter() {
  const [group, status, text] = fields.map((field) => field.value);
  table.search.fixed('chosen', (joined, data, index) => {
    const row = table.row(index).node();
    if (near) return row.id.startsWith(near);
    return (!group || row.id.startsWith(`${group}.`)) && (!status || row.classList.contains(status));
  });
  table.search(text).draw();
  const shown = table.rows({ search: 'applied' }).count();
  const total = table.rows().count();
  all.hidden = !near;
  form.querySelector('output').value = near ? `${shown} rows like the one marked` : shown === total ? `${total.toLocaleString('en')} rows` : `${shown.toLocaleString('en')} of ${total.toLocaleString('en')} rows`;
}

function follow() {
  const name = decodeURIComponent(location.hash.slice(1));
  const row = rowNamed(name);
  table.rows('.here').nodes().each((one) => one.classList.remove('here'));
  if (row || name.includes('=')) {
    const wanted = new URLSearchParams(row ? '' : name);
    near = row ? `${name.slice(0, name.lastIndexOf('.'))}.` : '';
    for (const field of fields) field.value = wanted.get(field.name) ?? '';
    filter();
  }
  if (row) {
    row.classList.add('here');
    row.tabIndex = -1;
    row.focus({ preventScroll: true });
    row.scrollIntoView({ block: 'center' });
  } else if (name.includes('=')) {
    form.scrollIntoView();
  } else {
    const place = document.getElementById(name);
    const closed = place?.closest('details:not([open])');
    if (closed) closed.open = true;
    place?.scrollIntoView({ block: 'center' });
  }
}

// What computes a row, and the digests of what it is made of, open below it; without a script the links lead to them.
table.on('click', 'td:last-child a', (event) => {
  event.preventDefault();
  const row = table.row(event.target.closest('tr'));
  if (row.child.isShown()) return row.child.hide();
  const box = document.createElement('div');
  const code = document.getElementById(row.node().querySelector('a.code').hash.slice(1));
  box.append(code.previousElementSibling.lastElementChild.cloneNode(true), code.cloneNode(true));
  for (const link of row.node().querySelectorAll('td:last-child small a')) {
    const made = document.getElementById(link.hash.slice(1));
    const list = document.createElement('p');
    list.textContent = [...made.cells].map((cell) => cell.textContent).join(', ');
    for (const run of made.querySelectorAll('a')) {
      const cells = document.getElementById(run.hash.slice(1)).cells;
      list.append(document.createElement('br'), `${cells[0].textContent}, by seed ${cells[1].textContent}`);
    }
    box.append(list);
  }
  box.querySelectorAll('[id]').forEach((one) => one.removeAttribute('id'));
  row.child(box, 'made').show();
});

all.addEventListener('click', () => {
  near = '';
  filter();
  table.row('.here').node()?.scrollIntoView({ block: 'center' });
});

let soon;
form.addEventListener('input', () => {
  clearTimeout(soon);
  near = '';
  soon = setTimeout(() => {
    filter();
    const chosen = new URLSearchParams(fields.filter((field) => field.value).map((field) => [field.name, field.value]));
    history.replaceState(null, '', `#${chosen}`);
  }, 150);
});
form.addEventListener('submit', (event) => event.preventDefault());
window.addEventListener('hashchange', follow);
form.hidden = false;
// What stands still at the top: the bar of the site where it is fixed, the filters, the headings.
const bar = document.querySelector('#quarto-header.fixed-top');
function settle() {
  const above = bar?.offsetHeight ?? 0;
  const sticky = getComputedStyle(form).position === 'sticky' ? above + form.offsetHeight : above;
  document.documentElement.style.setProperty('--claims-bar', `${above}px`);
  document.documentElement.style.setProperty('--claims-top', `${sticky}px`);
}
new ResizeObserver(settle).observe(form);
settle();
if (location.hash) follow();
