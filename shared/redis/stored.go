package redis

import (
	"errors"
	"math"
	"strings"
)

// A reservation is read by the sweeper of another version than the one that wrote
// it, so the byte before a counter's name keeps its first form, window + 4 *
// metric, for all that the first form could say. What came later is told apart by
// the high bit: a sweeper that does not know it fails with that call, and leaves
// it to one that does. Scripts get another form (field.kind), which no other
// version reads.
const laterKind = 1 << 7

func (f *field) storedKind() byte {
	if f.window < lasting && f.metric < parallel {
		return byte(f.window + 4*f.metric)
	}
	return laterKind | f.kind()
}

var errStoredName = errors.New("a reservation with a counter of unknown kind")

// storedField reads a counter of a reservation. Not the byte but the name says
// what it counts and over which window: it means the same in every version.
func storedField(name string) (field, error) {
	f := field{name: name, boxed: name, max: math.Inf(1), deny: -1}
	if len(name) < 4 {
		return f, errStoredName
	}
	f.metric, f.window = strings.IndexByte(metricLetters, name[1]), strings.IndexByte(windowLetters, name[2])
	if name[0] == shareLetter {
		f.window = lasting
	}
	if f.window < 0 || f.metric < 0 {
		return f, errStoredName
	}
	return f, nil
}

// shareLetter begins the names of limits of the platform.
const shareLetter = 'P'
