-- For wrk: a number of requests at once on each connection, and figures that a program can parse.
--
--   wrk … -s requests.lua URL -- DEPTH

function init(args)
  local depth = tonumber(args[1] or "1")
  if depth == 1 then return end
  -- wrk asks for its request once, after this: unlike a function `request`, that costs nothing later
  local format = wrk.format
  wrk.format = function() return string.rep(format(), depth) end
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(
    string.format(
      "FIGURES requests=%d microseconds=%d bytes=%d p50=%.1f p99=%.1f p999=%.1f connect=%d read=%d write=%d timeout=%d status=%d\n",
      summary.requests,
      summary.duration,
      summary.bytes,
      latency:percentile(50),
      latency:percentile(99),
      latency:percentile(99.9),
      errors.connect,
      errors.read,
      errors.write,
      errors.timeout,
      errors.status
    )
  )
end
