/**
 * The plan of `page.ts` and `plan.ts` once more, in the Lua of Redis (5.1, with cjson), name by name. A property test holds
 * them against each other (test/quota/redis-book.test.ts): who changes one changes the other. What is different:
 *
 * - There is no calendar in Lua: where a moment is of a day that the page does not know, the answer is `days`, and the
 *   caller asks again with the ends of the days around.
 * - A list is in order at all times, so that nothing need be sorted: Lua's sort is not stable.
 *
 * It works with `args`, what the caller said, and `now`, the server's time in milliseconds.
 */
export const scheduleLua = `
local hourMs, dayMs = 3600000, 86400000

-- The end of a day: the first midnight after the moment. Beyond those that are known, days have 24 hours.
local function dayEnd(at)
  local ends = args.dayEnds
  if not ends then error({ state = 'days' }) end
  if at < ends[1] then return ends[1] - math.floor((ends[1] - at - 1) / dayMs) * dayMs end
  for _, each in ipairs(ends) do
    if each > at then return each end
  end
  local last = ends[#ends]
  return last + (math.floor((at - last) / dayMs) + 1) * dayMs
end

local function dayOf(page, at)
  for _, day in ipairs(page.days) do
    if at < day.endsAt and at >= day.endsAt - 23 * hourMs then return day end
  end
  local endsAt = dayEnd(at)
  for _, day in ipairs(page.days) do
    if day.endsAt == endsAt then return day end
  end
  local day = { endsAt = endsAt, count = 0 }
  table.insert(page.days, day)
  return day
end

local function kept(list, isKept)
  local result = {}
  for _, each in ipairs(list) do
    if isKept(each) then table.insert(result, each) end
  end
  return result
end

local function turnBack(page)
  local refusedAt = page.refusedAt or 0
  local ahead = refusedAt - now
  for _, each in ipairs(page.appointments) do ahead = math.max(ahead, each.bookedAt - now) end
  if ahead <= 1000 then return end
  for _, each in ipairs(page.appointments) do
    each.at = each.at - ahead
    each.bookedAt = each.bookedAt - ahead
  end
  if page.notBefore then page.notBefore = page.notBefore - ahead end
  if refusedAt > now then page.refusedAt = now end
end

local function refresh(page)
  turnBack(page)
  local horizon = now - 1.5 * args.windowMs
  for _, each in ipairs(page.appointments) do
    if each.at <= horizon and not each.confirmed then
      local day = dayOf(page, each.at)
      day.count = day.count - 1
    end
  end
  page.appointments = kept(page.appointments, function(each) return each.at > horizon end)
  page.days = kept(page.days, function(day) return day.endsAt > now and day.endsAt < now + 8 * dayMs end)
  page.leases = kept(page.leases, function(lease) return lease.expiresAt > now end)
  if page.guardFactor ~= 1 and now - (page.guardChangedAt or 0) >= 10 * args.windowMs then
    page.guardFactor = math.max(1, page.guardFactor / 2)
    page.guardChangedAt = now
  end
  if page.notBefore then page.notBefore = math.min(page.notBefore, now + math.max(10 * 60000, 2 * args.windowMs)) end
  if page.closedUntil and page.closedUntil > now + 25 * hourMs then page.closedUntil = dayOf(page, now).endsAt end
  for _, name in ipairs({ 'notBefore', 'closedUntil' }) do
    if page[name] and page[name] <= now then page[name] = nil end
  end
end

local function stricter(given, learned)
  if not learned then return given end
  local isOwnWish = given and (given.source == 'settings' or given.source == 'flag')
  if isOwnWish and given.value <= learned.value then return given end
  return { value = learned.value, source = 'learned' }
end

local function effectiveLimits(page)
  local effective = {}
  for _, kind in ipairs({ 'rpm', 'tpm', 'rpd' }) do
    local limit = stricter(args.limits[kind], page.learned[kind])
    if limit then
      local value = math.max(1, math.floor(limit.value * (args.budget[kind] or 1)))
      effective[kind] = { value = value, source = limit.source }
    end
  end
  return effective
end

local function spacingOn(page)
  local guardMs = math.ceil(math.min(500, math.max(120, args.windowMs * 0.02)) * page.guardFactor)
  return { limits = effectiveLimits(page), spanMs = args.windowMs + guardMs }
end

local function lastInTheWay(appointments, room)
  local sum = 0
  for index = #appointments, 1, -1 do
    sum = sum + appointments[index].tokens
    if sum > room then return appointments[index].at end
  end
  return -math.huge
end

local function firstMoment(page, tokens, spacing)
  local appointments, spanMs = page.appointments, spacing.spanMs
  local rpm, tpm = spacing.limits.rpm, spacing.limits.tpm
  local last = appointments[#appointments]
  local at = math.max(now, last and last.at or 0, page.notBefore or 0)
  local byTokens = 0
  if rpm then
    local inTheWay = appointments[#appointments - rpm.value + 1]
    at = math.max(at, inTheWay and inTheWay.at + spanMs or 0)
  end
  if tpm then
    byTokens = lastInTheWay(appointments, tpm.value - tokens) + spanMs
    at = math.max(at, byTokens)
  end
  if at <= now then return { at = now, guessed = false } end
  if at == page.notBefore then return { at = at, reason = page.refusedFor or 'rpm', guessed = false } end
  local reason = at == byTokens and 'tpm' or 'rpm'
  local limit = spacing.limits[reason]
  return { at = at, reason = reason, guessed = limit ~= nil and limit.source == 'built-in' }
end

local function plan(page, tokens, spacing)
  if page.closedUntil and page.closedUntil > now then return { isClosed = true, at = page.closedUntil } end
  local first = firstMoment(page, tokens, spacing)
  local rpd = spacing.limits.rpd
  if rpd and rpd.source ~= 'built-in' then
    local day = dayOf(page, first.at)
    if day.count >= rpd.value then return { isClosed = true, at = day.endsAt } end
  end
  return first
end

-- Behind those of the same moment, as a stable sort would put it.
local function enter(page, appointment)
  local list = page.appointments
  local place = #list + 1
  while place > 1 and list[place - 1].at > appointment.at do place = place - 1 end
  table.insert(list, place, appointment)
  local day = dayOf(page, appointment.at)
  day.count = day.count + 1
end

local function uncount(page, appointment)
  local day = dayOf(page, appointment.at)
  day.count = math.max(0, day.count - 1)
end

local function strike(page, id)
  for index, each in ipairs(page.appointments) do
    if each.id == id then
      table.remove(page.appointments, index)
      uncount(page, each)
      return
    end
  end
end

local function replan(page, spacing)
  local function isWaiting(each) return not each.confirmed and each.at > now end
  local waiting = kept(page.appointments, isWaiting)
  page.appointments = kept(page.appointments, function(each) return not isWaiting(each) end)
  for _, each in ipairs(waiting) do uncount(page, each) end
  for _, each in ipairs(waiting) do
    local planned = plan(page, each.tokens, spacing)
    if not planned.isClosed then
      each.at = math.max(planned.at, each.at)
      enter(page, each)
    end
  end
end
`;
