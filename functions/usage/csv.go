package usage

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/metering"
)

// csvOf writes a statement as RFC 4180 has it: a header, CRLF, fields quoted
// where they must be. cost is in units of the currency, cost_micros exact.
func csvOf(month string, by []metering.Dimension, lines []metering.StatementLine) []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	head := []string{"month"}
	for _, d := range by {
		head = append(head, string(d))
	}
	_ = w.Write(append(head, "requests", "attempts", "estimated", "input_tokens", "output_tokens", "cached_input_tokens",
		"cache_write_5m_tokens", "cache_write_1h_tokens", "reasoning_tokens", "audio_input_tokens", "audio_output_tokens",
		"cached_audio_tokens", "image_output_tokens", "web_searches", "cost", "cost_micros", "currency", "price_versions"))
	for _, l := range lines {
		_ = w.Write(csvLine(month, l))
	}
	w.Flush() // a buffer takes everything
	return b.Bytes()
}

func csvLine(month string, l metering.StatementLine) []string {
	fields := []string{month}
	for _, value := range l.By {
		fields = append(fields, harmless(value))
	}
	t := l.Tokens
	for _, n := range []int64{
		l.Requests, l.Attempts, l.Estimated, t.Input, t.Output, t.CachedInput, t.CacheWrite5m, t.CacheWrite1h,
		t.Reasoning, t.AudioInput, t.AudioOutput, t.CachedAudio, t.ImageOutput, t.WebSearches,
	} {
		fields = append(fields, strconv.FormatInt(n, 10))
	}
	return append(fields, decimal(l.Cost), strconv.FormatInt(l.Cost, 10), harmless(l.Currency), harmless(strings.Join(l.PriceVersions, " ")))
}

// harmless keeps a spreadsheet from reading a name as a formula: what begins, or
// after spaces begins, like one gets an apostrophe before it, as OWASP's page on
// CSV injection advises.
func harmless(value string) string {
	value = strings.ReplaceAll(strings.ReplaceAll(value, "\r\n", "\n"), "\r", "\n")
	first := strings.TrimLeftFunc(value, unicode.IsSpace)
	if value != "" && value[0] < ' ' || first != "" && strings.ContainsRune("=+-@|%＝＋－＠", []rune(first)[0]) {
		return "'" + value
	}
	return value
}

// decimal writes micro-units as units with six digits.
func decimal(m dcoder.Micros) string {
	return fmt.Sprintf("%d.%06d", m/1_000_000, m%1_000_000)
}
