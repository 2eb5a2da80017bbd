-- take: one of each key, by its count, window and burst. The answer is, for
-- each, what is left and when there is more; or {-1, which, until} when one has
-- nothing left.

local budgets = {}
for i, key in ipairs(KEYS) do
  local b = { key = key, count = argument(), window = argument(), burst = argument() }
  b.state = load(key)
  b.per = math.max(1, math.floor(b.window / b.count))
  local left, free
  if b.burst > 0 then
    b.full = b.state.full or 0
    left = math.floor((b.burst * b.per - math.max(0, b.full - now)) / b.per)
    free = b.full - (b.burst - 1) * b.per
  else
    b.marks = since(b.state.marks or {}, b.window)
    left = b.count - used(b.marks)
    free = (b.marks[1] or 0) + b.window
  end
  if left < 1 then return { -1, i, free - now } end
  budgets[i] = b
end

local answer = {}
for _, b in ipairs(budgets) do
  local left, more = 0, 0
  if b.burst > 0 then
    b.full = math.max(b.full, now) + b.per
    save(b.key, { full = b.full }, b.full)
    left = math.floor((b.burst * b.per - math.max(0, b.full - now)) / b.per)
    if b.full > now then more = (b.full - now - 1) % b.per + 1 end
  else
    add(b.marks, now, 1, b.window)
    save(b.key, { marks = b.marks }, b.marks[#b.marks - 1] + b.window)
    left = b.count - used(b.marks)
    if #b.marks > 0 then more = b.marks[1] + b.window - now end
  end
  answer[#answer + 1] = left
  answer[#answer + 1] = more
end
return answer
