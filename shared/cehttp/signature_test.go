package cehttp

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

func signedEvent(now time.Time, secret string) (http.Header, []byte) {
	h := http.Header{}
	body := Write(h, dcoder.Envelope{
		ID: "1", Source: "/chat", Type: "usage.recorded", Tenant: "acme00000000", Time: now, Data: []byte(`{"n":1}`),
	})
	Sign(h, body, secret, now)
	return h, body
}

func TestVerify(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		change  func(http.Header, []byte)
		secrets []string
		at      time.Time
		want    error
	}{
		"good":                 {nil, []string{"s1"}, now, nil},
		"second secret":        {nil, []string{"new", "s1"}, now, nil},
		"within the window":    {nil, []string{"s1"}, now.Add(Window), nil},
		"our clock is behind":  {nil, []string{"s1"}, now.Add(-Window), nil},
		"replayed later":       {nil, []string{"s1"}, now.Add(Window + time.Second), ErrStale},
		"from the future":      {nil, []string{"s1"}, now.Add(-Window - time.Second), ErrStale},
		"other secret":         {nil, []string{"s2"}, now, ErrSignature},
		"no secret configured": {nil, nil, now, ErrSignature},
		"empty secret":         {nil, []string{""}, now, ErrSignature},
		"unsigned":             {func(h http.Header, _ []byte) { h.Del(HeaderSignature) }, []string{"s1"}, now, ErrUnsigned},
		"garbage":              {func(h http.Header, _ []byte) { h.Set(HeaderSignature, "t=,v1=zz") }, []string{"s1"}, now, ErrSignature},
		"time moved": {func(h http.Header, _ []byte) {
			s := h.Get(HeaderSignature)
			h.Set(HeaderSignature, "t=1795348801"+s[len("t=1795348800"):])
		}, []string{"s1"}, now, ErrSignature},
		"other tenant":  {func(h http.Header, _ []byte) { h.Set("Ce-Tenantid", "evil00000000") }, []string{"s1"}, now, ErrSignature},
		"other id":      {func(h http.Header, _ []byte) { h.Set("Ce-Id", "2") }, []string{"s1"}, now, ErrSignature},
		"other source":  {func(h http.Header, _ []byte) { h.Set("Ce-Source", "/x") }, []string{"s1"}, now, ErrSignature},
		"other type":    {func(h http.Header, _ []byte) { h.Set("Ce-Type", "x.y") }, []string{"s1"}, now, ErrSignature},
		"other time":    {func(h http.Header, _ []byte) { h.Set("Ce-Time", "2026-11-22T13:00:00Z") }, []string{"s1"}, now, ErrSignature},
		"actor added":   {func(h http.Header, _ []byte) { h.Set("Ce-Actor", "root") }, []string{"s1"}, now, ErrSignature},
		"read as batch": {func(h http.Header, _ []byte) { h.Set("Content-Type", TypeBatch) }, []string{"s1"}, now, ErrSignature},
		"other body":    {func(_ http.Header, b []byte) { b[len(b)-2] = '2' }, []string{"s1"}, now, ErrSignature},
		"parts shifted": {func(h http.Header, _ []byte) { h.Set("Ce-Source", "/chat1"); h.Set("Ce-Id", "") }, []string{"s1"}, now, ErrSignature},
	} {
		t.Run(name, func(t *testing.T) {
			h, body := signedEvent(now, "s1")
			require.Equal(t, "t=1795348800", h.Get(HeaderSignature)[:12])
			body = append([]byte(nil), body...)
			if c.change != nil {
				c.change(h, body)
			}
			require.ErrorIs(t, Verify(h, body, c.secrets, c.at), c.want)
		})
	}
}

func FuzzVerify(f *testing.F) {
	f.Add("t=1,v1=00", []byte(`{}`))
	f.Fuzz(func(t *testing.T, signature string, body []byte) {
		h := http.Header{HeaderSignature: {signature}}
		require.Error(t, Verify(h, body, []string{"never used to sign"}, time.Unix(1, 0)))
	})
}
