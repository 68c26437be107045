import { scheduleLua } from './schedule-script.js';

/** The scripts that Redis runs itself. Each works on the one key that it is given. */
export type RedisScript =
  | 'boticelliRead'
  | 'boticelliReplace'
  | 'boticelliList'
  | 'boticelliBook'
  | 'boticelliConfirm'
  | 'boticelliCancel';

/**
 * Each has its arguments as JSON in `ARGV[1]`, and returns the server's time in milliseconds, then a text and a number where
 * it has them. cjson writes an empty array as `{}`, which must be read as one again, and keeps 14 digits of a number: every
 * number on a page has fewer.
 */
const preludeLua = `
local args = cjson.decode(ARGV[1])
local time = redis.call('TIME')
local now = args.now or (tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000))
`;

/** `bookOn` of `quota-book.ts`, and what surrounds it. */
const reserveLua = `
local function bookOn(page, spacing)
  local tokens = math.ceil(args.estimatedTokens * (page.tokenRatio or 1))
  local planned = plan(page, tokens, spacing)
  local at = planned.at
  if planned.isClosed then return { state = 'closed', at = at } end
  if args.latest and at > math.max(now, args.latest) then return { state = 'too-late', at = at } end
  enter(page, { id = args.id, at = at, tokens = tokens, estimated = args.estimatedTokens, bookedAt = now, confirmed = false })
  return { state = 'booked', at = at, reason = planned.reason, guessed = planned.guessed }
end

-- Does the work on the page. One that is not there, or was begun anew, is not worked on: the caller must see to it first.
local function onPage(work)
  local text = redis.call('GET', KEYS[1])
  local done, page = pcall(cjson.decode, text or '')
  if not done or type(page) ~= 'table' or page.edition == nil or page.edition ~= args.edition then
    return { now, cjson.encode({ state = 'unknown' }) }
  end
  local isDone, answer = pcall(function()
    refresh(page)
    if page.standsFor and args.mayMove then return { state = 'elsewhere', model = page.standsFor } end
    return work(page, spacingOn(page))
  end)
  if not isDone and type(answer) ~= 'table' then error(answer) end
  if isDone then redis.call('SET', KEYS[1], cjson.encode(page), 'PX', args.expiryMs) end
  return { now, cjson.encode(answer) }
end
`;

/** `confirmOn` of `quota-book.ts`. */
const confirmLua = `
-- What leaves late arrives late: it is the last before those that come at this moment.
local function goLate(page, late, spacing)
  local others = kept(page.appointments, function(each) return each ~= late end)
  late.at = now
  local place = 1
  while others[place] and others[place].at < now do place = place + 1 end
  table.insert(others, place, late)
  page.appointments = others
  replan(page, spacing)
end

return onPage(function(page, spacing)
  local mine
  for _, each in ipairs(page.appointments) do
    if each.id == args.id then mine = each end
  end
  if mine and page.closedUntil == nil then
    if mine.at > now then return { state = 'booked', at = mine.at, isAsItWas = true } end
    if now - mine.at < args.windowMs and dayOf(page, mine.at) == dayOf(page, now) then
      mine.confirmed = true
      if now > mine.at then goLate(page, mine, spacing) end
      return { state = 'done' }
    end
  end
  strike(page, args.id)
  return bookOn(page, spacing)
end)
`;

/** The scripts by their names. A key is in one hash slot, and each has one key: so they run on Redis Cluster too. */
export const redisScripts: Readonly<Record<RedisScript, string>> = {
  boticelliRead: `${preludeLua} return { now, redis.call('GET', KEYS[1]) }`,
  // Replaces the text whose SHA-1 is given; else says what is there. An empty digest stands for no text at all.
  boticelliReplace: `${preludeLua}
local text = redis.call('GET', KEYS[1])
if (text and redis.sha1hex(text) or '') ~= args.digest then return { now, text } end
redis.call('SET', KEYS[1], ARGV[2], 'PX', args.expiryMs)
return { now, false, 1 }`,
  boticelliList: `${preludeLua}
redis.call('SADD', KEYS[1], args.member)
redis.call('PEXPIRE', KEYS[1], args.expiryMs)
return { now }`,
  boticelliBook: `${preludeLua}${scheduleLua}${reserveLua} return onPage(bookOn)`,
  boticelliConfirm: `${preludeLua}${scheduleLua}${reserveLua}${confirmLua}`,
  boticelliCancel: `${preludeLua}${scheduleLua}${reserveLua}
return onPage(function(page)
  strike(page, args.id)
  return { state = 'done' }
end)`,
};
