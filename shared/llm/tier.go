package llm

// mostTier bounds the name of a service tier, bytes.
const mostTier = 32

// TierOf is the service tier that a provider names in its answer, as Usage has
// it: "" for the standard one under each of its names. The answer does not hold
// on to name, and allocates only for a tier that no provider of ours is known to
// have.
func TierOf(name []byte) string {
	switch string(name) {
	case "", "auto", "default", "standard", "on_demand":
		return ""
	case "flex":
		return "flex"
	case "priority":
		return "priority"
	case "batch":
		return "batch"
	}
	if len(name) > mostTier {
		return ""
	}
	for _, c := range name {
		if c <= ' ' || c > '~' || c == '"' || c == '\\' {
			return ""
		}
	}
	return string(name)
}
