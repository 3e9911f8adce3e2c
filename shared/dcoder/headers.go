package dcoder

// Names of the headers that the platform reads or writes, in canonical form.
const (
	HeaderRequestID      = "X-Request-Id"
	HeaderTenant         = "X-Tenant-Id"
	HeaderPlatform       = "X-Platform-Id"
	HeaderUser           = "X-User-Id"
	HeaderTraceID        = "X-Trace-Id"
	HeaderTraceParent    = "Traceparent"
	HeaderIdempotencyKey = "Idempotency-Key"
	HeaderReplayed       = "Idempotent-Replayed"
	HeaderShouldRetry    = "X-Should-Retry"
	HeaderDegraded       = "X-Dcoder-Degraded"
	HeaderDropped        = "X-Dcoder-Dropped-Params" // what of the request the model did not get, by name
	HeaderCompression    = "X-Dcoder-Compression"    // asked: how far texts may be shortened; answered: what was done
	HeaderTokenCount     = "X-Dcoder-Token-Count"    // of a count of tokens: "provider" or "estimate"
	HeaderCostEstimate   = "X-Dcoder-Cost-Estimate"  // asked with "true"; answered: what the call was reckoned with, micro-units
	HeaderProviderKey    = "X-Dcoder-Provider-Key"   // the caller's own credential with a provider
	HeaderFunction       = "X-Dcoder-Function"       // of a delivery: which function of the process it is for
)

// DefaultPlatform is the brand of a tenant that names no other.
const DefaultPlatform = "d.coder"

// PlatformTenant stands where a tenant id is expected for what belongs to the
// platform itself: its owner's keys and its own events.
const PlatformTenant = "_platform"
