import { scheduleLua } from './schedule-script.js';

/** The names of the scripts that run in Redis. Each script uses one key. */
export type RedisScript =
  | 'boticelliRead'
  | 'boticelliReplace'
  | 'boticelliAddStateKey'
  | 'boticelliReserve'
  | 'boticelliConfirm'
  | 'boticelliCancel';

/**
 * The beginning of all scripts. The arguments are JSON in `ARGV[1]`. `args.now` replaces the server's time in tests.
 * The result of a script is the server's time in milliseconds, followed by an optional string and an optional number.
 * cjson writes an empty array as `{}`, which `parseModelState` accepts, and keeps 14 digits of a number, which is
 * enough for all numbers of a state.
 */
const preludeLua = `
local args = cjson.decode(ARGV[1])
local time = redis.call('TIME')
local now = args.now or (tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000))
`;

/** The Lua version of `reserveIn` in rate-limiter.ts, and `withState`, which runs reserve, confirm and cancel. */
const reserveLua = `
-- Maps the name of a field in the code to its name in stores, as in model-state.ts.
local storedNames = {
  reservations = 'appointments', concurrencySlots = 'leases', servedBy = 'standsFor',
  blockedUntil = 'closedUntil', pausedUntil = 'notBefore', pauseReason = 'refusedFor',
  maxAcceptedPerWindow = 'servedInWindow', stateId = 'edition',
  marginFactor = 'guardFactor', marginChangedAt = 'guardChangedAt',
  rejectionCount = 'refusals', rejectedAt = 'refusedAt',
}
local function decodeState(text)
  local state = cjson.decode(text)
  for name, stored in pairs(storedNames) do state[name], state[stored] = state[stored], nil end
  return state
end
local function encodeState(state)
  for name, stored in pairs(storedNames) do state[stored], state[name] = state[name], nil end
  return cjson.encode(state)
end

local function isTooLarge(state, tokens)
  return not args.ignoresTokenLimit and state.learned.tpm and tokens > state.learned.tpm.value
end

local function reserveIn(state, windowLimits)
  local tokens = args.countedTokens or math.ceil(args.estimatedTokens * (state.tokenRatio or 1))
  if isTooLarge(state, tokens) then return { state = 'too-large', tokens = tokens, limit = state.learned.tpm.value } end
  local scheduled = scheduleRequest(state, tokens, windowLimits)
  local at = scheduled.at
  if scheduled.isBlocked then return { state = 'blocked', at = at } end
  if args.deadline and at > math.max(now, args.deadline) then
    return { state = 'too-late', at = at, reason = scheduled.reason == 'spend' and 'spend' or nil }
  end
  local estimated = not args.countedTokens and args.estimatedTokens or nil
  insertReservation(state, { id = args.id, at = at, tokens = tokens, estimated = estimated, bookedAt = now, confirmed = false })
  return { state = 'reserved', at = at, reason = scheduled.reason, isLimitGuessed = scheduled.isLimitGuessed, limit = scheduled.limit }
end

-- Applies a change to the state. The result is 'unknown' if the caller does not know the state: the state is missing,
-- the caller uses it for the first time, or it was created anew since the caller last used it (its random stateId has
-- changed). The caller must then merge its local state first. The result is 'is-alias' if the state is that of
-- an alias. The caller must then use the state of the model in the result, which serves the alias.
local function withState(change)
  local text = redis.call('GET', KEYS[1])
  local isParsed, state = pcall(decodeState, text or '')
  if not isParsed or type(state) ~= 'table' or state.stateId == nil or state.stateId ~= args.stateId then
    return { now, cjson.encode({ state = 'unknown' }) }
  end
  local isOk, result = pcall(function()
    refreshState(state)
    if state.servedBy and args.mayFollowAlias then return { state = 'is-alias', model = state.servedBy } end
    return change(state, computeWindowLimits(state))
  end)
  -- An error with a table is an early result: 'needs-day-ends' from findDayEnd in schedule-script.ts. The table is
  -- returned, and the state is not written. Lua has no calendar, so the caller runs the script again with the ends of
  -- the Pacific days.
  if not isOk and type(result) ~= 'table' then error(result) end
  if isOk then redis.call('SET', KEYS[1], encodeState(state), 'PX', args.expiryMs) end
  return { now, cjson.encode(result) }
end
`;

/** The Lua version of `confirmIn` in rate-limiter.ts. */
const confirmLua = `
-- Sets the late reservation's time to now, and puts it before the others with that time, as TypeScript's stable sort
-- does.
local function moveToNow(state, late, windowLimits)
  local others = filter(state.reservations, function(each) return each ~= late end)
  late.at = now
  local index = 1
  while others[index] and others[index].at < now do index = index + 1 end
  table.insert(others, index, late)
  state.reservations = others
  postponePending(state, windowLimits)
end

return withState(function(state, windowLimits)
  local stored
  for _, each in ipairs(state.reservations) do
    if each.id == args.id then stored = each end
  end
  if stored and state.blockedUntil == nil and not isTooLarge(state, stored.tokens) then
    if stored.at > now then
      local isProjectPaused = state.pausedUntil and state.pauseReason == 'spend'
      return { state = 'reserved', at = stored.at, reason = isProjectPaused and 'spend' or nil }
    end
    if now - stored.at < args.windowMs and findOrCreateDay(state, stored.at) == findOrCreateDay(state, now) then
      stored.confirmed = true
      if now > stored.at then moveToNow(state, stored, windowLimits) end
      return { state = 'done' }
    end
  end
  removeReservation(state, args.id)
  return reserveIn(state, windowLimits)
end)
`;

/** The scripts by name. They also run on Redis Cluster: each script uses one key and therefore one hash slot. */
export const redisScripts: Readonly<Record<RedisScript, string>> = {
  boticelliRead: `${preludeLua} return { now, redis.call('GET', KEYS[1]) }`,
  // Replaces the value if its SHA-1 matches (an empty digest means no value); otherwise returns the current value.
  boticelliReplace: `${preludeLua}
local text = redis.call('GET', KEYS[1])
if (text and redis.sha1hex(text) or '') ~= args.digest then return { now, text } end
redis.call('SET', KEYS[1], ARGV[2], 'PX', args.expiryMs)
return { now, false, 1 }`,
  // Adds the key of a state to the set of the keys of all states, which the store reads to find every state.
  boticelliAddStateKey: `${preludeLua}
redis.call('SADD', KEYS[1], args.member)
redis.call('PEXPIRE', KEYS[1], args.expiryMs)
return { now }`,
  boticelliReserve: `${preludeLua}${scheduleLua}${reserveLua} return withState(reserveIn)`,
  boticelliConfirm: `${preludeLua}${scheduleLua}${reserveLua}${confirmLua}`,
  boticelliCancel: `${preludeLua}${scheduleLua}${reserveLua}
return withState(function(state)
  removeReservation(state, args.id)
  return { state = 'done' }
end)`,
};
