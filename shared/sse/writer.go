package sse

// Bytes of frames that have no data of their own.
var (
	// Ping is a comment: it keeps a line open and every reader skips it.
	Ping = []byte(": ping\n\n")
	// Done is how the OpenAI-shaped stream ends.
	Done = []byte("data: [DONE]\n\n")
)

// AppendData appends an event whose data is one line: JSON without raw line
// breaks.
func AppendData(dst, data []byte) []byte {
	dst = append(append(dst, "data: "...), data...)
	return append(dst, '\n', '\n')
}

// AppendEvent appends a named event whose data is one line.
func AppendEvent(dst []byte, name string, data []byte) []byte {
	dst = append(append(append(dst, "event: "...), name...), '\n')
	return AppendData(dst, data)
}
