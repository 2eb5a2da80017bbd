// Package redislimit counts what is limited in Redis (7 and later) or Valkey,
// together with all replicas that use the same server.
//
// Each call is one Lua script over keys that carry one tag, so that it is
// atomic, also on a cluster; every key has an expiry. Times are the server's,
// so that replicas with different clocks agree. When the server is gone or
// does not answer, the package asks a fallback limiter, from the first call
// that fails until a probe in the background succeeds: no request waits twice.
//
// It never fails a request because Redis is down, never retries a script, and
// keeps nothing that can't be lost. Set the server's maxmemory-policy to
// noeviction: one that evicts forgets waits.
package redislimit
