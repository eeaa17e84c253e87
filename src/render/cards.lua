-- Tables for narrow screens and for paper, in the preview and in Quarto: each cell knows the heading of its column, with which a style sheet
-- makes cards of the rows on a phone; and no column has a width of its own, so that browsers and Typst give each what its words need.
function Table(el)
  el.colspecs = el.colspecs:map(function(spec) return { spec[1], nil } end)
  local head = el.head.rows[1]
  if not head or #el.colspecs < 4 then return el end
  local labels = head.cells:map(function(cell) return pandoc.utils.stringify(cell.contents) end)
  for _, body in ipairs(el.bodies) do
    for _, row in ipairs(body.body) do
      for k, cell in ipairs(row.cells) do
        if labels[k] ~= '' then cell.attributes['data-label'] = labels[k] end
      end
    end
  end
  el.classes:insert('cards')
  return el
end
