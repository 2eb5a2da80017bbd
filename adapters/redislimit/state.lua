-- What all scripts share. A state is one packed table in one string. Times are
-- microseconds since 1970; the first argument is the time, or 0 for the server's.
-- The algorithms are those of package memlimit, which explains them.

local now = tonumber(ARGV[1])
if now == 0 then
  local t = redis.call('TIME')
  now = tonumber(t[1]) * 1000000 + tonumber(t[2])
end

local next_argument = 2
local function argument()
  next_argument = next_argument + 1
  return tonumber(ARGV[next_argument - 1])
end

local EXACT, FINENESS, SLACK = 64, 64, 60000

local function load(key)
  local packed = redis.call('GET', key)
  return packed and cmsgpack.unpack(packed) or {}
end

-- save keeps a state until the given time, and a little longer: the state
-- knows the time, the expiry only removes what nobody asks for.
local function save(key, state, over)
  if over <= now then
    redis.call('DEL', key)
    return
  end
  local life = math.ceil((over - now) / 1000) + SLACK
  redis.call('SET', key, cmsgpack.pack(state), 'PX', string.format('%d', life))
end

-- A window is a list of times and counts: {at1, n1, at2, n2, ...}.

local function since(window, length)
  local rest = {}
  for i = 1, #window, 2 do
    if window[i] + length > now then
      rest[#rest + 1] = window[i]
      rest[#rest + 1] = window[i + 1]
    end
  end
  return rest
end

local function used(window)
  local n = 0
  for i = 2, #window, 2 do n = n + window[i] end
  return n
end

local function add(window, at, n, length)
  if #window >= 2 * EXACT then
    local grain = math.max(1, math.floor(length / FINENESS))
    at = math.ceil(at / grain) * grain
  end
  if #window > 0 and window[#window - 1] >= at then
    window[#window] = window[#window] + n
  else
    window[#window + 1] = at
    window[#window + 1] = n
  end
end
