package semcache

import "strings"

// mostHeat is the highest explicit temperature whose answers are shared: above
// it the client asks for variety.
const mostHeat = 0.3

// Ask is what Refuse needs to know of a request.
type Ask struct {
	Text         *Text // the last user message
	Tools        bool  // tools are offered, or were called
	Media        bool  // pictures, sound or files
	Temperature  *float64
	Hot          bool // the tenant shares answers at any temperature
	Answers      int  // how many are asked for; 0 and 1 are alike
	Turns        int  // user messages, the last one included
	MostTurns    int  // beyond, the tier is off; 0: one
	SameHistory  bool // the partition holds a hash of the history
	Flagged      bool // a guard found personal data or a secret
	MinimumWords int  // of meaning; 0: two
}

// Refuse says why a request neither looks for nor leaves an entry, or "".
func Refuse(a *Ask) (reason string) {
	switch {
	case a.Tools:
		return "tools"
	case a.Media:
		return "media"
	case a.Flagged:
		return "guarded"
	case a.Temperature != nil && *a.Temperature > mostHeat && !a.Hot:
		return "temperature"
	case a.Answers > 1:
		return "answers"
	case a.Turns > max(1, a.MostTurns) && !a.SameHistory:
		return "turns"
	case a.Text.long:
		return "long"
	case a.Text.Words() < max(1, a.MinimumWords):
		return "short"
	}
	return a.Text.fleeting()
}

// Words whose answer holds for a moment, or for one person.
const (
	momentWords = ` today tonight tomorrow yesterday now currently latest newest recent recently current nowadays live `
	ownWords    = ` order orders account accounts balance balances subscription invoice invoices password salary profile booking
		reservation appointment bill bills statement payslip contract prescription ticket tickets name address email birthday `
	writeWords = ` delete cancel deploy send transfer buy book purchase schedule submit remove drop install restart terminate refund
		execute run create update reset `
)

// fleeting says why the text's answer should not be kept: it ages at once, is
// somebody's own, or is an order to do something.
func (t *Text) fleeting() string {
	for i := range t.words {
		form := " " + t.words[i].form + " "
		switch {
		case strings.Contains(momentWords, form) && !t.asksHow():
			return "time"
		case i > 0 && t.words[i-1].form == "my" && strings.Contains(ownWords, form) && !t.asksHow():
			return "personal"
		}
	}
	if len(t.words) > 0 && t.asks == 0 && strings.Contains(writeWords, " "+t.words[0].form+" ") {
		return "action"
	}
	return ""
}

// asksHow: "how do I reset my password" is the same for all, "what is my balance"
// is not.
func (t *Text) asksHow() bool { return t.asks&asksHow != 0 }

// Reply is what Keep needs to know of an answer.
type Reply struct {
	Text     string
	Stopped  bool // finish_reason is stop
	Refused  bool // the model declined
	Flagged  bool // a guard found personal data or a secret
	MostSize int  // bytes; 0: 64 KiB
}

const (
	leastReply = 8 // words
	mostReply  = 64 << 10
)

// Keep says why an answer is not kept, or "". Errors and cut streams never reach
// it.
func Keep(r *Reply) (reason string) {
	most := r.MostSize
	if most == 0 {
		most = mostReply
	}
	switch {
	case !r.Stopped:
		return "unfinished"
	case r.Refused:
		return "refusal"
	case r.Flagged:
		return "guarded"
	case len(r.Text) > most:
		return "long"
	case len(strings.Fields(r.Text)) < leastReply:
		return "short"
	}
	return ""
}
