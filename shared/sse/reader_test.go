package sse_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/sse"
)

type event struct{ Raw, Name, Data, ID string }

func readAll(src io.Reader, limit int) (events []event, err error) {
	var r sse.Reader
	r.Reset(src, limit)
	for {
		e, err := r.Next()
		if err != nil {
			return events, err
		}
		events = append(events, event{string(e.Raw), string(e.Name), string(e.Data), string(e.ID)})
	}
}

func TestReaderFollowsTheStandard(t *testing.T) {
	for name, c := range map[string]struct {
		in   string
		want []event
		err  error
	}{
		"lf":                 {"data: a\n\ndata: b\n\n", []event{{Raw: "data: a\n\n", Data: "a"}, {Raw: "data: b\n\n", Data: "b"}}, io.EOF},
		"crlf":               {"data: a\r\n\r\n", []event{{Raw: "data: a\r\r", Data: "a"}}, io.EOF},
		"cr":                 {"data: a\r\rdata: b\r\r", []event{{Raw: "data: a\r\r", Data: "a"}, {Raw: "data: b\r\r", Data: "b"}}, io.EOF},
		"no space":           {"data:a\n\n", []event{{Raw: "data:a\n\n", Data: "a"}}, io.EOF},
		"one space only":     {"data:  a\n\n", []event{{Raw: "data:  a\n\n", Data: " a"}}, io.EOF},
		"no colon":           {"data\n\n", []event{{Raw: "data\n\n"}}, io.EOF},
		"comment":            {": ping\n\ndata: a\n\n", []event{{Raw: ": ping\n\n"}, {Raw: "data: a\n\n", Data: "a"}}, io.EOF},
		"several data lines": {"data: a\ndata: b\ndata:\n\n", []event{{Raw: "data: a\ndata: b\ndata:\n\n", Data: "a\nb\n"}}, io.EOF},
		"name and id":        {"event: x\nid: 7\ndata: a\n\n", []event{{"event: x\nid: 7\ndata: a\n\n", "x", "a", "7"}}, io.EOF},
		"byte order mark":    {"\xef\xbb\xbfdata: a\n\n", []event{{Raw: "data: a\n\n", Data: "a"}}, io.EOF},
		"leading blanks":     {"\n\ndata: a\n\n", []event{{Raw: "\n\ndata: a\n\n", Data: "a"}}, io.EOF},
		"cut":                {"data: a\n\ndata: b\n", []event{{Raw: "data: a\n\n", Data: "a"}}, io.ErrUnexpectedEOF},
		"nothing":            {"", nil, io.EOF},
	} {
		t.Run(name, func(t *testing.T) {
			for _, src := range []io.Reader{strings.NewReader(c.in), iotest.OneByteReader(strings.NewReader(c.in)), iotest.DataErrReader(strings.NewReader(c.in))} {
				got, err := readAll(src, 0)
				require.ErrorIs(t, err, c.err)
				for i := range got {
					got[i].Raw = strings.ReplaceAll(got[i].Raw, "\r\n", "\r")
				}
				require.Equal(t, c.want, got)
			}
		})
	}
}

func TestReaderBoundsAnEvent(t *testing.T) {
	big := "data: " + strings.Repeat("x", 64<<10) + "\n\n"
	_, err := readAll(strings.NewReader(big), 32<<10)
	require.ErrorIs(t, err, sse.ErrTooLarge)
	got, err := readAll(strings.NewReader(strings.Repeat(big, 3)), 128<<10)
	require.ErrorIs(t, err, io.EOF)
	require.Len(t, got, 3)
}

func TestReaderPassesTheSourcesErrorOn(t *testing.T) {
	broken := errors.New("broken pipe")
	got, err := readAll(io.MultiReader(strings.NewReader("data: a\n\nda"), iotest.ErrReader(broken)), 0)
	require.ErrorIs(t, err, broken)
	require.Len(t, got, 1)
}

func TestReaderAllocatesNothing(t *testing.T) {
	in := bytes.Repeat([]byte("data: {\"choices\":[{\"delta\":{\"content\":\"hello\"}}]}\n\n"), 50)
	var r sse.Reader
	src := bytes.NewReader(nil)
	require.Zero(t, testing.AllocsPerRun(50, func() {
		src.Reset(in)
		r.Reset(src, 0)
		for _, err := r.Next(); err == nil; _, err = r.Next() {
		}
	}))
}

// FuzzReader: however the bytes are split, the events are the same, and nothing
// but a mark and a split CR's LF is lost.
func FuzzReader(f *testing.F) {
	f.Add([]byte("data: a\r\n\r\n: c\n\nevent: x\rdata:b\r\r\ndata: c\n\n"), uint8(3))
	f.Add([]byte("\xef\xbb\xbf\r\n\r\ndata"), uint8(1))
	f.Fuzz(func(t *testing.T, in []byte, step uint8) {
		whole, werr := readAll(bytes.NewReader(in), 0)
		split, serr := readAll(&steps{in, int(step%7) + 1}, 0)
		require.Equal(t, werr, serr)
		require.Len(t, split, len(whole))
		var raw string
		for i := range whole {
			raw += whole[i].Raw
			whole[i].Raw, split[i].Raw = "", ""
		}
		require.Equal(t, whole, split)
		if errors.Is(werr, io.EOF) {
			rest := strings.TrimPrefix(string(in), "\xef\xbb\xbf")
			require.True(t, strings.HasPrefix(rest, raw))
			require.Empty(t, strings.Trim(rest[len(raw):], "\r\n"))
		}
	})
}

type steps struct {
	b []byte
	n int
}

func (s *steps) Read(p []byte) (int, error) {
	if len(s.b) == 0 {
		return 0, io.EOF
	}
	n := copy(p, s.b[:min(s.n, len(s.b))])
	s.b = s.b[n:]
	return n, nil
}

func BenchmarkReader(b *testing.B) {
	in := bytes.Repeat([]byte("data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" hello\"}}]}\n\n"), 100)
	var r sse.Reader
	src := bytes.NewReader(nil)
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		src.Reset(in)
		r.Reset(src, 0)
		for _, err := r.Next(); err == nil; _, err = r.Next() {
		}
	}
}
