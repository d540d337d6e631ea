//! The atomic operations on a shared store: Lua scripts that Redis runs, each in one round trip.
//!
//! They are sent whole (`EVAL`) and not by their digest: a run sends few of them, and a server that was just started knows
//! none.

/// Checks whether the sealing key is that of the fleet.
///
/// Names: the note of the key. Arguments: the ids of this machine's keys. Returns the other id, or nothing. The first machine
/// writes its own id.
pub const KEY: &str = r"
local id = redis.call('GET', KEYS[1])
for number, own in ipairs(ARGV) do
  if id == own then
    if number == 1 then redis.call('EXPIRE', KEYS[1], 604800) end
    return false
  end
end
if id then return id end
redis.call('SET', KEYS[1], ARGV[1], 'EX', 604800)
return false";

/// Takes the lease of a login, if it is free.
///
/// Names: lock, lead, and the records that are wanted. Arguments: a token, the lease in milliseconds, the life of what remains
/// in seconds. Returns the lead and the records, or nothing.
pub const LEASE: &str = r"
if not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return false end
local last = redis.call('GET', KEYS[2])
local number = last and tonumber(string.match(last, '^(%d+):')) or 0
local lead = string.format('%d:%s', number + 1, ARGV[1])
redis.call('SET', KEYS[2], lead, 'EX', ARGV[3])
local names = {}
for at = 3, #KEYS do names[#names + 1] = KEYS[at] end
return {lead, redis.call('MGET', unpack(names))}";

/// Writes a record, unless another machine has led since (fencing). After a restart without data nobody has.
///
/// Names: lead, set of names, record. Arguments: the writer's lead, the record, its life in milliseconds, its name, the life of
/// what remains in seconds, the prefix of names. Returns 1 or 0. Removes the names of expired records when there are many.
pub const PUT: &str = r"
local lead = redis.call('GET', KEYS[1])
if lead and lead ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[5])
redis.call('SET', KEYS[3], ARGV[2], 'PX', ARGV[3])
redis.call('SADD', KEYS[2], ARGV[4])
redis.call('EXPIRE', KEYS[2], ARGV[5])
if redis.call('SCARD', KEYS[2]) > 128 then
  for _, name in ipairs(redis.call('SMEMBERS', KEYS[2])) do
    if redis.call('EXISTS', ARGV[6] .. name) == 0 then redis.call('SREM', KEYS[2], name) end
  end
end
return 1";

/// Prolongs the lease, if it is still the caller's. Names: lock. Arguments: the token, the lease in milliseconds.
pub const RENEW: &str = r"
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 0";

/// Gives the lease back, if it is still the caller's. Names: lock. Arguments: the token.
pub const RELEASE: &str = r"
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return false";
