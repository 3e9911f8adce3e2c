package compress

import (
	"strings"

	"github.com/d-coder-ai/dcoder/shared/compress/condense"
	"github.com/d-coder-ai/dcoder/shared/compress/extract"
)

// stage is one step of the pipeline; lossy ones leave something out.
type stage struct {
	name  string
	lossy bool
	apply func([]Segment) []Segment
}

// stages are the steps that a mode takes, in their order.
func stages(o Options, in int) []stage {
	all := []stage{
		{"lossless", false, each(lossless)},
		{"duplicates", false, duplicates},
	}
	if o.Mode >= Auto {
		all = append(all, stage{"form", true, each(byForm)}, stage{"question", true, func(s []Segment) []Segment { return byQuestion(s, o, in) }})
	}
	return all
}

// each applies a step to every segment that is not protected.
func each(step func(Segment) string) func([]Segment) []Segment {
	return func(segments []Segment) []Segment {
		made := make([]Segment, len(segments))
		for i, s := range segments {
			if !s.Protected {
				s.Text = step(s)
			}
			made[i] = s
		}
		return made
	}
}

// byForm is the lossy step that the form of a segment allows.
func byForm(s Segment) string {
	var step func(string) string
	switch s.Kind {
	case JSON:
		step = condense.Members
	case Log:
		step = condense.Log
	case Trace:
		step = condense.Trace
	case Diff:
		step = condense.Diff
	default:
		return s.Text
	}
	body := strings.TrimRight(s.Text, " \t\n")
	return strings.TrimRight(step(body), "\n") + s.Text[len(body):]
}

// What Auto allows itself.
const (
	autoRatio      = 3.  // with a question
	leastFound     = .3  // of the question, or its words are not the text's
	leastExtracted = 300 // tokens, below which selection has too little to choose from
)

// byQuestion keeps what the question needs of prose, and of code where the use
// allows it. Without a question nothing is cut by it.
func byQuestion(segments []Segment, o Options, in int) []Segment {
	if o.Question == "" {
		return segments
	}
	open, fixed := 0, 0
	for _, s := range segments {
		if n := o.count(s.Text); selects(s, o) {
			open += n
		} else {
			fixed += n
		}
	}
	if open < leastExtracted && o.Mode == Auto {
		return segments
	}
	ratio := autoRatio
	if o.Mode == Ratio {
		ratio = o.Ratio
	}
	share := (float64(in)/ratio - float64(fixed)) / float64(max(open, 1))
	return selected(segments, o, share)
}

// selected keeps a share of the tokens of each segment that may be cut.
func selected(segments []Segment, o Options, share float64) []Segment {
	made := append([]Segment(nil), segments...)
	for i, s := range segments {
		if !selects(s, o) {
			continue
		}
		budget := int(share * float64(o.count(s.Text)))
		r := extract.Extract(extract.Task{Text: s.Text, Question: o.Question, Budget: max(budget, 0), Count: o.count})
		if o.Mode == Auto && r.Found < leastFound || r.Kept == 0 && o.Mode == Auto {
			continue
		}
		made[i].Text = r.Text
	}
	return made
}

// definitions takes code for one segment however its paragraphs look, and fences
// apart from what they fence.
func definitions(segments []Segment) []Segment {
	var all []Segment
	for _, s := range segments {
		if s.Kind == Fence && !s.Protected {
			all = append(all, fenced(s.Text)...)
			continue
		}
		if s.Kind == Prose {
			s.Kind = Source
		}
		all = append(all, s)
	}
	return merge(all)
}

func fenced(text string) []Segment {
	first := lineEnd(text, 0)
	last := strings.LastIndex(text, "```")
	if last < first {
		return []Segment{{Kind: Fence, Text: text}}
	}
	return []Segment{
		{Kind: Fence, Text: text[:first], Protected: true},
		{Kind: Source, Text: text[first:last]},
		{Kind: Fence, Text: text[last:], Protected: true},
	}
}

func selects(s Segment, o Options) bool {
	return !s.Protected && (s.Kind == Prose || s.Kind == Source && o.Use == Code)
}
