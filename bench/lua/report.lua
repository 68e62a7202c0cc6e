-- What wrk measured, as one line of JSON: times in microseconds.

function done(summary, latency)
   local errors = summary.errors
   io.write(string.format(
      'measured {"requests": %d, "duration": %d, "refused": %d, "broken": %d, "p50": %d, "p99": %d, "p999": %d}\n',
      summary.requests, summary.duration, errors.status,
      errors.connect + errors.read + errors.write + errors.timeout,
      latency:percentile(50), latency:percentile(99), latency:percentile(99.9)))
end
