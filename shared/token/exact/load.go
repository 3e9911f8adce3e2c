package exact

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strconv"

	"github.com/pkoukk/tiktoken-go-loader/assets"
)

// load reads an embedded vocabulary: a line a token, base64 and its rank. It
// panics when the file is broken, which only a broken build can cause.
func load(name string, next func(string) int) *Encoding {
	raw, err := assets.Assets.ReadFile(name + ".tiktoken")
	if err != nil {
		panic(fmt.Errorf("read the vocabulary of %s: %w", name, err))
	}
	ranks := make(map[string]int32, bytes.Count(raw, []byte("\n")))
	for line := range bytes.Lines(raw) {
		token, rank, err := entry(bytes.TrimSpace(line))
		if err != nil {
			panic(fmt.Errorf("read the vocabulary of %s: %w", name, err))
		}
		ranks[token] = rank
	}
	return &Encoding{name: name, ranks: ranks, next: next}
}

func entry(line []byte) (token string, rank int32, err error) {
	coded, number, _ := bytes.Cut(line, []byte(" "))
	decoded, err := base64.StdEncoding.AppendDecode(nil, coded)
	if err != nil {
		return "", 0, fmt.Errorf("token %q: %w", coded, err)
	}
	n, err := strconv.ParseInt(string(number), 10, 32)
	if err != nil {
		return "", 0, fmt.Errorf("rank of %q: %w", coded, err)
	}
	return string(decoded), int32(n), nil
}
