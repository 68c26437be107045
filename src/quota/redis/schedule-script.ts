/**
 * The functions of model-state.ts, schedule.ts and limits.ts in Redis's Lua (5.1, with cjson), under the same names. A
 * property test compares both versions (test/quota/redis/redis-limiter.test.ts): a change to one needs the same change
 * to the other. Differences:
 *
 * - Lua has no calendar. If the quota state has no Pacific day for a time, `findDayEnd` throws the outcome
 *   `needs-day-ends`, and `withState` in scripts.ts returns the outcome. The caller then runs the script again with
 *   `args.dayEnds`, the ends of the Pacific days around `now`. (The field `state` of an outcome is its name, not a
 *   quota state.)
 * - Lists are kept in order instead of sorted, because Lua's sort is not stable.
 *
 * Uses two variables that `preludeLua` in scripts.ts defines: `args` (the caller's arguments) and `now` (the server's
 * time in milliseconds).
 */
export const scheduleLua = `
local hourMs, dayMs = 3600000, 86400000

-- Returns the end of a time's day. Days before and after those in args.dayEnds are assumed to have 24 hours.
local function findDayEnd(at)
  local ends = args.dayEnds
  if not ends then error({ state = 'needs-day-ends' }) end
  if at < ends[1] then return ends[1] - math.floor((ends[1] - at - 1) / dayMs) * dayMs end
  for _, dayEnd in ipairs(ends) do
    if dayEnd > at then return dayEnd end
  end
  local last = ends[#ends]
  return last + (math.floor((at - last) / dayMs) + 1) * dayMs
end

local function findOrCreateDay(state, at)
  for _, day in ipairs(state.days) do
    if at < day.endsAt and at >= day.endsAt - 23 * hourMs then return day end
  end
  local endsAt = findDayEnd(at)
  for _, day in ipairs(state.days) do
    if day.endsAt == endsAt then return day end
  end
  local day = { endsAt = endsAt, count = 0 }
  table.insert(state.days, day)
  return day
end

local function filter(list, isWanted)
  local result = {}
  for _, each in ipairs(list) do
    if isWanted(each) then table.insert(result, each) end
  end
  return result
end

-- If the clock was set back, moves the stored times back by as much.
local function moveTimesBackWithClock(state)
  local rejectedAt = state.rejectedAt or 0
  local aheadMs = rejectedAt - now
  for _, each in ipairs(state.reservations) do aheadMs = math.max(aheadMs, each.bookedAt - now) end
  if aheadMs <= 1000 then return end
  for _, each in ipairs(state.reservations) do
    each.at = each.at - aheadMs
    each.bookedAt = each.bookedAt - aheadMs
  end
  if state.pausedUntil then state.pausedUntil = state.pausedUntil - aheadMs end
  if rejectedAt > now then state.rejectedAt = now end
end

local function refreshState(state)
  moveTimesBackWithClock(state)
  local cutoff = now - 1.5 * args.windowMs
  for _, each in ipairs(state.reservations) do
    if each.at <= cutoff and not each.confirmed then
      local day = findOrCreateDay(state, each.at)
      day.count = day.count - 1
    end
  end
  state.reservations = filter(state.reservations, function(each) return each.at > cutoff end)
  state.days = filter(state.days, function(day) return day.endsAt > now and day.endsAt < now + 8 * dayMs end)
  state.concurrencySlots = filter(state.concurrencySlots, function(slot) return slot.expiresAt > now end)
  if (state.marginChangedAt or 0) > now then state.marginChangedAt = now end
  if state.marginFactor ~= 1 and now - (state.marginChangedAt or 0) >= 10 * args.windowMs then
    state.marginFactor = math.max(1, state.marginFactor / 2)
    state.marginChangedAt = now
  end
  -- Until pausedUntil, requests wait. Until blockedUntil, requests are refused.
  if state.pausedUntil then
    state.pausedUntil = math.min(state.pausedUntil, now + math.max(10 * 60000, 2 * args.windowMs))
  end
  if state.blockedUntil and state.blockedUntil > now + 25 * hourMs then
    state.blockedUntil = findOrCreateDay(state, now).endsAt
  end
  for _, name in ipairs({ 'pausedUntil', 'blockedUntil' }) do
    if state[name] and state[name] <= now then state[name] = nil end
  end
end

local function selectLimit(configured, learned)
  if not learned then return configured end
  local isUserSet = configured and (configured.source == 'settings' or configured.source == 'flag')
  if isUserSet and configured.value <= learned.value then return configured end
  return { value = learned.value, source = 'learned' }
end

local function raiseGuess(configured, served)
  if not configured or configured.source ~= 'built-in' or served <= configured.value then return configured end
  return { value = served, source = configured.source }
end

local function computeEffectiveLimits(state)
  local effective = {}
  for _, kind in ipairs({ 'rpm', 'tpm', 'rpd' }) do
    local raised = raiseGuess(args.limits[kind], kind == 'rpm' and state.maxAcceptedPerWindow or 0)
    local limit = selectLimit(raised, state.learned[kind])
    if limit then
      local value = math.max(1, math.floor(limit.value * (args.limitMultipliers[kind] or 1)))
      effective[kind] = { value = value, source = limit.source }
    end
  end
  return effective
end

local function computeWindowLimits(state)
  local marginMs = math.ceil(math.min(500, math.max(120, args.windowMs * 0.02)) * state.marginFactor)
  return { limits = computeEffectiveLimits(state), spanMs = args.windowMs + marginMs }
end

local function countRequests(reservation) return reservation.requests or 1 end
local function countTokens(reservation) return reservation.tokens end

local function findTimeWithRoom(reservations, room, spanMs, measure)
  local sum = 0
  for index = #reservations, 1, -1 do
    sum = sum + measure(reservations[index])
    if sum > room then return reservations[index].at + spanMs end
  end
  return 0
end

local function findSendTime(state, tokens, windowLimits)
  local reservations, spanMs = state.reservations, windowLimits.spanMs
  local rpm, tpm = windowLimits.limits.rpm, windowLimits.limits.tpm
  local last = reservations[#reservations]
  local at = math.max(now, last and last.at or 0, state.pausedUntil or 0)
  local byTokens = 0
  if rpm then at = math.max(at, findTimeWithRoom(reservations, rpm.value - 1, spanMs, countRequests)) end
  if tpm then
    byTokens = findTimeWithRoom(reservations, tpm.value - tokens, spanMs, countTokens)
    at = math.max(at, byTokens)
  end
  if at <= now then return { at = now, isLimitGuessed = false } end
  if at == state.pausedUntil then return { at = at, reason = state.pauseReason or 'rpm', isLimitGuessed = false } end
  local reason = at == byTokens and 'tpm' or 'rpm'
  local limit = windowLimits.limits[reason]
  if not limit or limit.source ~= 'built-in' then return { at = at, reason = reason, isLimitGuessed = false } end
  return { at = at, reason = reason, isLimitGuessed = true, limit = limit.value }
end

local function scheduleRequest(state, tokens, windowLimits)
  if state.blockedUntil and state.blockedUntil > now then return { isBlocked = true, at = state.blockedUntil } end
  local sendTime = findSendTime(state, tokens, windowLimits)
  local rpd = windowLimits.limits.rpd
  if rpd and rpd.source ~= 'built-in' then
    local day = findOrCreateDay(state, sendTime.at)
    if day.count >= rpd.value then return { isBlocked = true, at = day.endsAt } end
  end
  return sendTime
end

-- Inserts after reservations of the same time, like a stable sort.
local function insertReservation(state, reservation)
  local list = state.reservations
  local index = #list + 1
  while index > 1 and list[index - 1].at > reservation.at do index = index - 1 end
  table.insert(list, index, reservation)
  local day = findOrCreateDay(state, reservation.at)
  day.count = day.count + countRequests(reservation)
end

local function uncountInDay(state, reservation)
  local day = findOrCreateDay(state, reservation.at)
  day.count = math.max(0, day.count - countRequests(reservation))
end

local function removeReservation(state, id)
  for index, each in ipairs(state.reservations) do
    if each.id == id then
      table.remove(state.reservations, index)
      uncountInDay(state, each)
      return
    end
  end
end

local function postponePending(state, windowLimits)
  local function isPending(each) return not each.confirmed and each.at > now end
  local pending = filter(state.reservations, isPending)
  state.reservations = filter(state.reservations, function(each) return not isPending(each) end)
  for _, each in ipairs(pending) do uncountInDay(state, each) end
  for _, each in ipairs(pending) do
    local scheduled = scheduleRequest(state, each.tokens, windowLimits)
    if not scheduled.isBlocked then
      each.at = math.max(scheduled.at, each.at)
      insertReservation(state, each)
    end
  end
end
`;
