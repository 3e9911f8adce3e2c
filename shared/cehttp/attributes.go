package cehttp

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// attribute ties a CloudEvents attribute to its place in the envelope.
type attribute struct {
	header string
	get    func(*dcoder.Envelope) string
	set    func(*dcoder.Envelope, string) error
}

// attributes in the order in which they are written and signed. Names of
// extensions follow the specification: lower-case letters and digits.
var attributes = []attribute{
	text("id", func(e *dcoder.Envelope) *string { return &e.ID }),
	text("source", func(e *dcoder.Envelope) *string { return &e.Source }),
	text("type", func(e *dcoder.Envelope) *string { return &e.Type }),
	{prefix + "time", func(e *dcoder.Envelope) string { return formatTime(e.Time) }, setTime},
	text("tenantid", func(e *dcoder.Envelope) *string { return &e.Tenant }),
	text("platformid", func(e *dcoder.Envelope) *string { return &e.Platform }),
	text("correlationid", func(e *dcoder.Envelope) *string { return &e.Correlation }),
	text("actor", func(e *dcoder.Envelope) *string { return &e.Actor }),
	text("traceparent", func(e *dcoder.Envelope) *string { return &e.TraceParent }),
}

func text(name string, field func(*dcoder.Envelope) *string) attribute {
	return attribute{
		header: prefix + name,
		get:    func(e *dcoder.Envelope) string { return *field(e) },
		set: func(e *dcoder.Envelope, value string) error {
			*field(e) = value
			return checkText(value)
		},
	}
}

func setTime(e *dcoder.Envelope, value string) (err error) {
	e.Time, err = parseTime(value)
	return err
}

// mostText bounds an attribute, in bytes.
const mostText = 1024

// checkText refuses what the specification's String type does: control
// characters and bytes that are no UTF-8.
func checkText(s string) error {
	if len(s) > mostText {
		return errors.New("longer than " + strconv.Itoa(mostText) + " bytes")
	}
	if !utf8.ValidString(s) {
		return errors.New("not UTF-8")
	}
	for _, r := range s {
		if r < 0x20 || r >= 0x7f && r <= 0x9f {
			return errors.New("a control character")
		}
	}
	return nil
}

// escape percent-encodes what a header value must not hold: everything outside
// U+0021..U+007E, the double quote and the percent sign.
func escape(s string) string {
	if !strings.ContainsFunc(s, mustEscape) {
		return s
	}
	var b strings.Builder
	for _, c := range []byte(s) {
		if mustEscape(rune(c)) {
			const digits = "0123456789ABCDEF"
			b.WriteByte('%')
			b.WriteByte(digits[c>>4])
			b.WriteByte(digits[c&15])
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}

func mustEscape(r rune) bool { return r <= ' ' || r >= 0x7f || r == '"' || r == '%' }

// unescape undoes escape; a percent sign without two digits is an error.
func unescape(s string) (string, error) {
	if !strings.Contains(s, "%") {
		return s, nil
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			b.WriteByte(s[i])
			continue
		}
		if i+2 >= len(s) {
			return "", errors.New("an incomplete percent encoding")
		}
		c, err := strconv.ParseUint(s[i+1:i+3], 16, 8)
		if err != nil {
			return "", errors.New("a wrong percent encoding")
		}
		b.WriteByte(byte(c))
		i += 2
	}
	return b.String(), nil
}
