package jsonscan_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/jsonscan"
)

func body(size int) []byte {
	line := `It was the best of times, it was the worst of times,\nit was the age of \"wisdom\". `
	return fmt.Appendf(nil, `{"model":"gpt-4o-mini","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"%s"}],"stream":true,"max_tokens":64}`,
		strings.Repeat(line, size/len(line)+1))
}

func TestScanAllocatesNothing(t *testing.T) {
	raw := body(1 << 10)
	var d jsonscan.Doc
	require.Zero(t, testing.AllocsPerRun(100, func() {
		_ = names.Scan(raw, jsonscan.Limits{}, &d)
	}))
}

func BenchmarkScan(b *testing.B) {
	for _, size := range []int{1 << 10, 100 << 10} {
		raw := body(size)
		b.Run(fmt.Sprintf("jsonscan/%dKB", size>>10), func(b *testing.B) {
			var d jsonscan.Doc
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				_ = names.Scan(raw, jsonscan.Limits{}, &d)
			}
		})
		b.Run(fmt.Sprintf("json.Valid/%dKB", size>>10), func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				json.Valid(raw)
			}
		})
		b.Run(fmt.Sprintf("json.Unmarshal/%dKB", size>>10), func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				var v struct {
					Model    string            `json:"model"`
					Messages []json.RawMessage `json:"messages"`
					Stream   bool              `json:"stream"`
				}
				_ = json.Unmarshal(raw, &v)
			}
		})
	}
}
