-- wrk calls this at the end of a run: one line of JSON instead of wrk's table. Times are in microseconds.
function done(summary, latency, requests)
	local e = summary.errors
	io.write(string.format('{"requests": %d, "duration_us": %d, "bytes": %d, "p50_us": %d, "p99_us": %d, "refused": %d, "broken": %d}\n',
		summary.requests, summary.duration, summary.bytes, latency:percentile(50), latency:percentile(99),
		e.status, e.connect + e.read + e.write + e.timeout))
end
