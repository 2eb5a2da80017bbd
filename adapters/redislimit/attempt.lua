-- attempt: what is asked (look, reserve, failed, succeeded, void, reset), the
-- attempt's id, how long a reservation and the mark of a known client last;
-- then, for reset, how long any budget remembers, and else for each budget its
-- count, window, first and longest wait, how many may run, and how long each
-- failure of a row is remembered (0: the window). The keys are the known mark,
-- the time of the last reset, and the budgets: the stranger's, the known
-- client's, and those that always hold. The answer is {0} for refused, with
-- which budget (the stranger's is 0) and for how long; {1} for yes; {2} for
-- busy.

local verb, id = ARGV[2], ARGV[3]
next_argument = 4
local lease, known_for = argument(), argument()
local known = tonumber(redis.call('GET', KEYS[1]) or '0') > now

local function know()
  local life = math.ceil(known_for / 1000) + SLACK
  redis.call('SET', KEYS[1], string.format('%d', now + known_for), 'PX', string.format('%d', life))
end

if verb == 'reset' then
  redis.call('SET', KEYS[2], string.format('%d', now), 'PX', string.format('%d', math.ceil(argument() / 1000) + SLACK))
  know()
  return { 1 }
end
local reset = tonumber(redis.call('GET', KEYS[2]) or '0')

local function grows(b) return b.first < b.longest end

local function forgotten(b) return b.state.wait_until + (grows(b) and b.window or 0) end

local function memory(b, failures) return b.step > 0 and b.step * failures or b.window end

-- fades returns when the failures in a row are all forgotten.
local function fades(b)
  local marks = b.state.marks
  return #marks > 0 and marks[#marks - 1] + memory(b, used(marks)) or 0
end

local function remembered(b)
  if now >= fades(b) then return {} end
  return since(b.state.marks, b.window)
end

local function clear(b) b.state.marks, b.state.waits = {}, 0 end

local function fail(b, at)
  local s = b.state
  if at < s.wait_until then return end
  if s.waits == 0 then
    s.marks = remembered(b)
    add(s.marks, at, 1, b.window)
    if used(s.marks) < b.count then return end
  end
  s.marks = {}
  s.waits = s.waits + 1
  s.wait_until = at + math.min(b.first * 2 ^ math.min(s.waits - 1, 40), b.longest)
end

local function open(i)
  local b = { key = KEYS[i], count = argument(), window = argument(), first = argument(), longest = argument(), parallel = argument(), step = argument() }
  local s = load(b.key)
  b.state = s
  s.running = s.running or {}
  if not s.saved or s.saved < reset then
    s.marks, s.waits, s.wait_until = {}, 0, 0
  end
  -- Leases in order of time, as they ran out.
  local lost = {}
  for name, over in pairs(s.running) do
    if over <= now then lost[#lost + 1] = { over, name } end
  end
  table.sort(lost, function(x, y) return x[1] < y[1] end)
  for _, l in ipairs(lost) do
    s.running[l[2]] = nil
    fail(b, l[1])
  end
  if s.waits > 0 and now >= forgotten(b) then clear(b) end
  s.marks = remembered(b)
  return b
end

local function running(b)
  local n = 0
  for _ in pairs(b.state.running) do n = n + 1 end
  return n
end

local function full(b)
  local most = 1
  if b.state.waits == 0 then most = b.count - used(b.state.marks) end
  if b.parallel > 0 then most = math.min(most, b.parallel) end
  return running(b) >= most
end

local function keep(b)
  local s, over = b.state, fades(b)
  if s.wait_until > 0 then over = math.max(over, forgotten(b)) end
  for _, l in pairs(s.running) do over = math.max(over, l + memory(b, used(s.marks) + 1)) end
  s.saved = now
  save(b.key, s, over)
end

local stranger, own = open(3), open(4)
local always, charged = {}, {}
for i = 5, #KEYS do
  always[#always + 1] = open(i)
  charged[#charged + 1] = always[#always]
end
charged[#charged + 1] = known and own or stranger

if verb == 'look' or verb == 'reserve' then
  local which, longest = 0, now
  for i, b in ipairs(charged) do
    if b.state.wait_until > longest then which, longest = i, b.state.wait_until end
  end
  if which > 0 then
    -- Which of KEYS it is: the last of the charged is one of the first two.
    local index = which + 4
    if which == #charged then index = known and 4 or 3 end
    return { 0, index - 3, longest - now }
  end
  if verb == 'look' then return { 1 } end
  for _, b in ipairs(charged) do
    if full(b) then return { 2 } end
  end
  for _, b in ipairs(charged) do
    b.state.running[id] = now + lease
    keep(b)
  end
  return { 1 }
end

for _, b in ipairs({ stranger, own }) do
  if b.state.running[id] then
    b.state.running[id] = nil
    charged[#charged] = b
  end
end
for _, b in ipairs(always) do b.state.running[id] = nil end

if verb == 'failed' then
  for _, b in ipairs(charged) do fail(b, now) end
elseif verb == 'succeeded' then
  for _, b in ipairs(always) do clear(b) end
  clear(stranger)
  clear(own)
  know()
end
for _, b in ipairs(always) do keep(b) end
keep(stranger)
keep(own)
return { 1 }
