// Package compress makes prompts shorter without a model and keeps what a question
// needs: it segments a text, protects what must not change, shortens the rest
// without loss, then by its form (package condense), then by what the question
// asks (package extract). It is pure and deterministic, what it returns is never
// larger than what it got, and the bytes of a message, once sent, never change
// (Conversation). It keeps no originals itself and calls nobody.
package compress

// Options say how a text may be shortened.
type Options struct {
	Mode     Mode
	Ratio    float64 // with Ratio mode: tokens in by tokens out, above 1
	Use      Use
	Question string                // what the text is to answer; empty: none is known
	Count    func(text string) int // tokens of a text; nil: four bytes a token
}

// Report says what became of a text, in tokens.
type Report struct {
	In, Out int
	Stages  []StageReport
	Cut     bool // something was left out, so that the original is worth keeping
}

// StageReport is what one stage did to the text.
type StageReport struct {
	Stage   string
	In, Out int
}

// Saved is how many tokens the text lost.
func (r Report) Saved() int { return r.In - r.Out }

func (o Options) count(text string) int {
	if o.Count != nil {
		return o.Count(text)
	}
	return (len(text) + 3) / 4
}

// Text shortens one text. What it returns is the text itself wherever nothing was
// gained.
func Text(text string, o Options) (string, Report) {
	in := o.count(text)
	r := Report{In: in, Out: in}
	if o.Mode == Off || text == "" {
		return text, r
	}
	segments := Split(text)
	if o.Use == Code {
		segments = definitions(segments)
	}
	for _, s := range stages(o, in) {
		before := r.Out
		segments = s.apply(segments)
		r.Out = total(segments, o)
		if r.Out != before {
			r.Stages = append(r.Stages, StageReport{s.name, before, r.Out})
			r.Cut = r.Cut || s.lossy
		}
	}
	made := join(segments)
	if r.Out = o.count(made); r.Out >= in || len(made) >= len(text) {
		return text, Report{In: in, Out: in}
	}
	return made, r
}

func total(segments []Segment, o Options) int {
	n := 0
	for _, s := range segments {
		n += o.count(s.Text)
	}
	return n
}
