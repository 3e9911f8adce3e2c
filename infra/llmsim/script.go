package llmsim

import "strings"

// script is a whole answer before its first byte is written: dialects write it,
// the flow plays it at the pace that is wanted.
type script struct {
	id     string // of the answer
	stream bool
	kind   string // content type of a stream; "": server-sent events
	input  int    // tokens that were read
	output int    // tokens of the answer, as usage reports them
	frames []frame
}

// frame is one event of a stream, or a whole plain body.
type frame struct {
	data   []byte
	tokens int
}

func (s *script) add(tokens int, data []byte) {
	s.frames = append(s.frames, frame{data: data, tokens: tokens})
}

// settle makes the tokens of the frames sum up to output: what no frame shows
// (hidden reasoning) goes out with the first one.
func (s *script) settle() {
	rest := s.output
	for _, f := range s.frames {
		rest -= f.tokens
	}
	if len(s.frames) > 0 && rest != 0 {
		s.frames[0].tokens += rest
	}
}

// dataFrame is a server-sent event without a name.
func dataFrame(json []byte) []byte {
	b := make([]byte, 0, len(json)+8)
	b = append(b, "data: "...)
	b = append(b, json...)
	return append(b, '\n', '\n')
}

// namedFrame is a server-sent event with a name.
func namedFrame(event string, json []byte) []byte {
	var b strings.Builder
	b.Grow(len(event) + len(json) + 16)
	b.WriteString("event: " + event + "\ndata: ")
	b.Write(json)
	b.WriteString("\n\n")
	return []byte(b.String())
}
