package compress

import (
	"fmt"
	"strconv"
	"strings"
)

// Mode is how far compression may go.
type Mode uint8

// The modes, each of which does what the one before it does and more.
const (
	Off      Mode = iota
	Lossless      // nothing is lost but space and repetition
	Auto          // as far as the text and the question allow
	Ratio         // to a given ratio
)

// The ratios that may be asked for.
const (
	leastRatio = 1.05
	mostRatio  = 20
)

// ParseMode reads "off", "lossless", "auto" or a ratio such as "3".
func ParseMode(text string) (m Mode, ratio float64, err error) {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "off":
		return Off, 0, nil
	case "lossless":
		return Lossless, 0, nil
	case "auto":
		return Auto, 0, nil
	}
	ratio, err = strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || !(ratio >= leastRatio && ratio <= mostRatio) {
		return Off, 0, fmt.Errorf("compression is off, lossless, auto or a ratio from %v to %v, not %q", leastRatio, mostRatio, text)
	}
	return Ratio, ratio, nil
}

// Use is what a text is for: it decides what is protected.
type Use uint8

// The uses.
const (
	Chat     Use = iota // the question's own paragraphs and all code stay
	RAG                 // passages of retrieval
	Document            // a long text that is asked about
	Code                // code may be cut, by whole definitions
)
