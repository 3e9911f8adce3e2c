package compress

// leastSaved is how many tokens a change must save to be worth its trouble.
const leastSaved = 64

// Prices are what a provider takes for a token of input: fresh, read from its
// prompt cache, and written to it. Any unit; zero Read or Write: as Fresh.
type Prices struct{ Fresh, Read, Write float64 }

// Change is what compression would do to one request.
type Change struct {
	In, Out int // tokens of the whole request before and after
	// Cached is how many tokens behind the first byte that differs from what was
	// sent before lie in the provider's prompt cache, and would be written again.
	// It is 0 where all of a conversation is sent through Conversation.
	Cached int
}

// Worth reports whether a change saves more than it costs: a prefix that was
// rewritten is read at the full price, and written again.
func (c Change) Worth(p Prices) bool {
	saved := c.In - c.Out
	if saved < leastSaved {
		return false
	}
	read, write := p.Read, p.Write
	if read == 0 {
		read = p.Fresh
	}
	if write == 0 {
		write = p.Fresh
	}
	return float64(saved)*p.Fresh > float64(c.Cached)*(write-read)
}
