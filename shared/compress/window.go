package compress

import "fmt"

// Window masks what tools answered long ago by one line each. It does rewrite
// what was sent, so it moves in steps: between two steps all bytes stay, and at a
// step Change.Worth decides. Its zero value masks nothing.
type Window struct {
	Keep int // turns of the user that stay as they are, the latest ones
	Step int // turns by which the window moves
}

// Mask returns the messages with old answers of tools masked, and their handles by
// index. Answers of fewer than leastMessage tokens stay.
func (w Window) Mask(all []Message, count func(string) int) ([]Message, map[int]Handle) {
	handles := map[int]Handle{}
	old := w.old(all)
	if old == 0 {
		return all, handles
	}
	made := append([]Message(nil), all...)
	turn := 0
	for i, m := range all {
		if m.Role == User {
			turn++
		}
		if turn > old {
			break
		}
		if n := count(m.Text); m.Role == Tool && n >= leastMessage {
			handles[i] = HandleOf(m.Text)
			made[i].Text = fmt.Sprintf("[a tool's answer of %d tokens; original: %s]", n, handles[i])
		}
	}
	return made, handles
}

// old is how many turns lie before the window.
func (w Window) old(all []Message) int {
	if w.Step <= 0 {
		return 0
	}
	turns := 0
	for _, m := range all {
		if m.Role == User {
			turns++
		}
	}
	return max(0, turns-w.Keep) / w.Step * w.Step
}
