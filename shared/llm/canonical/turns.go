package canonical

// Turns joins messages of the same speaker that follow each other, and moves
// system and developer messages, wherever they stand, behind the request's own
// instructions. Results of tools belong to the user's turn. Blocks are shared
// with the request, not copied.
func (r *Request) Turns() (system []Block, turns []Message) {
	system = append(system, r.System...)
	for _, m := range r.Messages {
		role := m.Role
		switch role {
		case System, Developer:
			system = append(system, m.Blocks...)
			continue
		case ToolRole:
			role, m.Plain = User, false // what was plain is the result, not the turn
		}
		if n := len(turns); n > 0 && turns[n-1].Role == role {
			last := &turns[n-1]
			last.Blocks = append(last.Blocks[:len(last.Blocks):len(last.Blocks)], m.Blocks...)
			last.Plain = false
			continue
		}
		m.Role = role
		turns = append(turns, m)
	}
	return system, turns
}
