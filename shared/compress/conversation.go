package compress

// Role says who speaks.
type Role uint8

// The roles.
const (
	System Role = iota // with the tools' schemas; never touched
	User
	Assistant // never touched
	Tool      // what a tool answered
)

// Message is one message of a conversation.
type Message struct {
	Role Role
	Text string
	Ask  string // of a part of a user's message: the question, where another part holds it
}

// leastMessage is how many tokens a message must have to be looked at.
const leastMessage = 128

// Conversation shortens the messages of a conversation. What becomes of a message
// depends on it and on the messages before it alone, never on later ones: when the
// conversation goes on and is sent again, the bytes that were sent stay, and the
// provider's prompt cache holds.
type Conversation struct {
	Options
	Memo    *Memo // nil: each message is worked on each time it is sent
	Handles bool  // say where the original of what was cut is found
}

// Shortened is a message, what became of it and, where something was cut, the
// original's handle.
type Shortened struct {
	Message
	Report
	Handle Handle
}

// Messages shortens what may be shortened.
func (c Conversation) Messages(all []Message) []Shortened {
	made := make([]Shortened, len(all))
	question := ""
	for i, m := range all {
		o := c.Options
		if m.Role == User {
			if asked := m.asks(); asked != "" {
				question = asked
			}
		}
		o.Question = question
		made[i] = c.Memo.once(m, c, o, func() Shortened { return c.message(m, o) })
	}
	return made
}

func (c Conversation) message(m Message, o Options) Shortened {
	n := o.count(m.Text)
	s := Shortened{Message: m, Report: Report{In: n, Out: n}}
	if n < leastMessage || o.Mode == Off {
		return s
	}
	switch m.Role {
	case Tool:
		s.Text, s.Report = Text(m.Text, o)
	case User:
		s.Text, s.Report = user(m, o)
	default:
		return s
	}
	if c.Handles && s.Cut && s.Saved() >= leastSaved {
		s = handled(m, s, o)
	}
	return s
}

// asks is the question that a user's message holds, or the one beside it.
func (m Message) asks() string {
	if m.Ask != "" {
		return m.Ask
	}
	_, _, _, question := ask(m.Text)
	return question
}

// user shortens the material of a message, never the question. A message that is
// all question stays, and so does material of which too little would go.
func user(m Message, o Options) (string, Report) {
	before, material, after, question := "", m.Text, "", m.Ask
	if question == "" {
		before, material, after, question = ask(m.Text)
	}
	in := o.count(m.Text)
	if question == "" || o.count(material) < leastMessage {
		o.Mode = min(o.Mode, Lossless)
	}
	o.Question = question
	made, r := Text(material, o)
	out := before + made + after
	r.In, r.Out = in, o.count(out)
	if r.Out >= in || len(out) >= len(m.Text) {
		return m.Text, Report{In: in, Out: in}
	}
	return out, r
}
