// Package token estimates how many tokens a text is, before a provider has said
// so. It holds no vocabulary: Estimate costs a few instructions and is meant for
// admission and for calls whose use was never reported, Count reads the text and
// is meant for budgets of text, Calibration learns what other providers count.
// What is billed comes from the provider wherever the provider reports it.
//
// Error of Estimate: for English prose, code and JSON as the GPT families (o200k, cl100k)
// and Llama 3 cut them, Estimate is within about 35 % either way; texts in other
// scripts are within a factor of two. Ceiling is meant never to be passed by
// text; a picture may.
package token

// Text is what there is to estimate: bytes of strings by class, and how many
// pictures or sound files stand among them.
type Text struct {
	ASCII int // bytes below 0x80
	Multi int // bytes from 0x80
	Media int // pictures and other base64 payloads
	Items int // messages, tools or inputs: each costs a few tokens of framing
}

// What a class takes; bytes a token are tenths.
const (
	asciiTenths = 40   // English prose has 4.4 bytes a token, code and JSON 3.2 to 3.8
	multiTenths = 27   // Chinese has 2.1 to 3, Cyrillic 3.5 to 5, emoji 1.3 to 2
	mediaTokens = 1105 // a picture of 1024 x 1024, high detail: 85 + 6 tiles of 170
	itemTokens  = 4
	mediaCeil   = 2500
)

// Estimate returns how many tokens t most likely is.
func Estimate(t Text) int64 {
	return int64(t.ASCII*10+asciiTenths-1)/asciiTenths + int64(t.Multi*10+multiTenths-1)/multiTenths +
		int64(t.Media)*mediaTokens + int64(t.Items)*itemTokens
}

// Ceiling returns what t will not pass: two bytes a token in ASCII, one beyond.
func Ceiling(t Text) int64 {
	return int64(t.ASCII+1)/2 + int64(t.Multi) + int64(t.Media)*mediaCeil + int64(t.Items)*2*itemTokens
}

// longDelta is the size from which a piece of a stream is more than one token.
const longDelta = 32

// Delta counts a piece of a streamed answer, bytes long. Providers send one
// token a piece, save where they bundle; it never counts more than was served.
func Delta(bytes int) int64 {
	switch {
	case bytes <= 0:
		return 0
	case bytes <= longDelta:
		return 1
	}
	return int64(bytes+5) / 6
}
