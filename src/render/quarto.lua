-- What Quarto's own filters do to its markdown, for the preview: cross-references, callouts, tabsets,
-- margin content, notes, conditional content. Runs before citeproc. `target` is html, slides or typst.
local target, numbered = 'html', false
local numbers = {}
local names = { fig = 'Figure', tbl = 'Table', eq = 'Equation', sec = 'Section' }
local counts = { fig = 0, tbl = 0, eq = 0 }
local callouts = { note = true, tip = true, warning = true, important = true, caution = true }
local section = { 0, 0, 0, 0, 0, 0 }

local function html(text) return pandoc.RawInline('html', text) end
local function block(text) return pandoc.RawBlock('html', text) end
local function typst(text) return pandoc.RawBlock('typst', text) end

local function kind_of(id)
  local kind = id:match('^(%a+)%-')
  return names[kind] and kind
end

local function number(id)
  local kind = kind_of(id)
  if numbers[id] then error('the label ' .. id .. ' is used twice') end
  counts[kind] = counts[kind] + 1
  numbers[id] = tostring(counts[kind])
  return names[kind] .. '\u{a0}' .. numbers[id]
end

local function captioned(label, caption)
  local inlines = pandoc.Inlines { pandoc.Str(label .. ': ') }
  inlines:extend(caption)
  return inlines
end

local function meta(m)
  if m.target then target = pandoc.utils.stringify(m.target) end
  numbered = m['number-sections'] == true
end

local function visible(el)
  local format = el.attributes['when-format']
  if not format then return true end
  local is = format == target or (format == 'revealjs' and target == 'slides') or (format == 'pdf' and target == 'typst')
  if el.classes:includes('content-visible') then return is end
  return not is
end

local function figure(el)
  if kind_of(el.identifier) ~= 'fig' then return nil end
  local first = el.caption.long[1]
  local text = first and first.content or pandoc.Inlines {}
  local label = number(el.identifier)
  if target ~= 'typst' then el.caption.long = { pandoc.Plain(captioned(label, text)) } end -- typst writes its own
  return el
end

local function header(el)
  if numbered and not el.classes:includes('unnumbered') then
    section[el.level] = section[el.level] + 1
    for deeper = el.level + 1, 6 do section[deeper] = 0 end
    local from = 1
    while section[from] == 0 do from = from + 1 end
    local n = table.concat(section, '.', from, el.level)
    el.attributes.number = n
    if kind_of(el.identifier) == 'sec' then numbers[el.identifier] = n end
    if target ~= 'typst' then
      el.content:insert(1, pandoc.Str(n .. ' '))
    end
  elseif kind_of(el.identifier) == 'sec' then
    numbers[el.identifier] = pandoc.utils.stringify(el.content)
  end
  return el
end

-- `$$ ... $$ {#eq-x}`: the label is a Str after the display math
local function equations(inlines)
  for i = 1, #inlines - 1 do
    local math = inlines[i]
    if math.t == 'Math' and math.mathtype == 'DisplayMath' then
      local j = i + 1
      while inlines[j] and (inlines[j].t == 'Space' or inlines[j].t == 'SoftBreak') do j = j + 1 end
      local id = inlines[j] and inlines[j].t == 'Str' and inlines[j].text:match('^{#(eq%-[%w%-]+)}')
      if id then
        number(id)
        for _ = i + 1, j do inlines:remove(i + 1) end
        if target == 'typst' then
          inlines[i] = pandoc.Span({ pandoc.RawInline('typst', '#[#set math.equation(numbering: "(1)");'), math, pandoc.RawInline('typst', ']') })
        else
          inlines[i] = pandoc.Span({ math, pandoc.Span('(' .. numbers[id] .. ')', { class = 'eq-number' }) }, { id = id, class = 'equation' })
        end
        return inlines
      end
    end
  end
end

local function callout(el, kind)
  local title = el.attributes.title or (kind:gsub('^%l', string.upper))
  local first = el.content[1]
  if first and first.t == 'Header' then
    title = first.content
    el.content:remove(1)
  end
  if target == 'typst' then
    local out = pandoc.Blocks { typst('#block(stroke: (left: 2pt + gray), inset: (left: 8pt, y: 4pt), width: 100%)['), pandoc.Para { pandoc.Strong(title) } }
    out:extend(el.content)
    out:insert(typst(']'))
    return pandoc.Div(out)
  end
  el.content:insert(1, pandoc.Div(pandoc.Plain(title), { class = 'callout-title' }))
  el.classes = { 'callout', 'callout-' .. kind }
  el.attributes.title = nil
  return el
end

local tabsets = 0
local function tabset(el)
  if target == 'typst' then
    local out = pandoc.Blocks { typst('#[#show figure: set figure(placement: none)') } -- a picture stays under its tab's name
    for _, b in ipairs(el.content) do
      if b.t == 'Header' then
        out:extend { typst('#block(sticky: true)['), pandoc.Para { pandoc.Strong(b.content) }, typst(']') }
      else
        out:insert(b)
      end
    end
    out:insert(typst(']'))
    return pandoc.Div(out)
  end
  tabsets = tabsets + 1
  local out, labels, panels = pandoc.Blocks {}, {}, {}
  for _, b in ipairs(el.content) do
    if b.t == 'Header' then
      labels[#labels + 1] = b.content
      panels[#panels + 1] = pandoc.Blocks {}
    elseif #panels > 0 then
      panels[#panels]:insert(b)
    end
  end
  for k, label in ipairs(labels) do
    local id = 'tab-' .. tabsets .. '-' .. k
    local line = pandoc.Inlines { html('<input type="radio" name="tabset-' .. tabsets .. '" id="' .. id .. '"' .. (k == 1 and ' checked' or '') .. '><label for="' .. id .. '">') }
    line:extend(label)
    line:insert(html('</label>'))
    out:insert(pandoc.Plain(line))
    out:insert(pandoc.Div(panels[k], { class = 'tab' }))
  end
  return pandoc.Div(out, { class = 'tabset' })
end

-- The walk goes on inside what this returns, but not over the items of a bare list; so lists come back in a Div.
local function div(el)
  if el.classes:includes('content-visible') or el.classes:includes('content-hidden') then
    return visible(el) and pandoc.Div(el.content) or {}
  end
  if el.classes:includes('notes') then
    if target ~= 'slides' then return {} end
    return pandoc.Div { block('<aside class="notes">'), pandoc.Div(el.content), block('</aside>') }
  end
  for _, class in ipairs(el.classes) do
    local kind = class:match('^callout%-(%a+)$')
    if callouts[kind] then return callout(el, kind) end
  end
  if el.classes:includes('panel-tabset') then return tabset(el) end
  if el.classes:includes('code-fold') then
    if target == 'typst' then return pandoc.Div(el.content) end
    local out = pandoc.Blocks { block('<details class="code-fold"><summary>' .. el.attributes.summary .. '</summary>') }
    out:extend(el.content)
    out:insert(block('</details>'))
    return pandoc.Div(out)
  end
  if kind_of(el.identifier) == 'tbl' or kind_of(el.identifier) == 'fig' then
    local last = el.content[#el.content]
    local caption = last and last.t == 'Para' and last.content or pandoc.Inlines {}
    if #caption > 0 then el.content:remove(#el.content) end
    local label = captioned(number(el.identifier), caption)
    if target == 'typst' then
      local above = pandoc.Blocks { typst('#block(sticky: true)['), pandoc.Para(pandoc.Emph(label)), typst(']') } -- stays with its table
      el.content = above .. el.content
    else
      el.content:insert(1, pandoc.Div(pandoc.Plain(label), { class = 'caption' }))
    end
    return el
  end
  if target == 'typst' and el.classes:includes('columns') then
    local out, n = pandoc.Blocks {}, 0
    for _, c in ipairs(el.content) do if c.t == 'Div' then n = n + 1 end end
    out:insert(typst('#grid(columns: ' .. n .. ', gutter: 1em,'))
    for _, c in ipairs(el.content) do
      if c.t == 'Div' then
        out:insert(typst('['))
        out:extend(c.content)
        out:insert(typst('],'))
      end
    end
    out:insert(typst(')'))
    return pandoc.Div(out)
  end
  if el.attributes.width and target ~= 'typst' then
    el.attributes.style = 'flex: 0 1 ' .. el.attributes.width
    el.attributes.width = nil
  end
  return el
end

local function cite(el)
  local id = el.citations[1].id
  if not kind_of(id) then return nil end
  if not numbers[id] then error('?@' .. id .. ': no such label in this document') end
  local text = names[kind_of(id)] .. '\u{a0}' .. numbers[id]
  if target == 'typst' then return pandoc.Str(text) end
  return pandoc.Link(text, '#' .. id, '', { class = 'crossref' })
end

-- images in the paper: alt text comes from fig-alt, for a figure's caption is not its description
local function image(el)
  if el.attributes['fig-alt'] then
    el.attributes.alt = el.attributes['fig-alt']
    el.attributes['fig-alt'] = nil
  end
  return el
end

return {
  { Meta = meta },
  { traverse = 'topdown', Figure = figure, Header = header, Div = div, Inlines = equations },
  { Cite = cite, Image = image },
}
