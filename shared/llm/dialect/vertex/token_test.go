package vertex

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/upstream"
)

var signingKey = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
})

// keyFile is a service account's key file for a token service.
func keyFile(t testing.TB, tokenURI string) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(signingKey())
	require.NoError(t, err)
	raw, err := json.Marshal(map[string]string{
		"type": "service_account", "client_email": "gateway@example.iam.gserviceaccount.com", "private_key_id": "key-1",
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), "token_uri": tokenURI,
	})
	require.NoError(t, err)
	return string(raw)
}

// service is a token service that checks every assertion.
type service struct {
	*httptest.Server
	t       testing.TB
	made    atomic.Int64
	expires atomic.Int64
	status  atomic.Int64
	hold    chan struct{} // nil: answers at once
}

func newService(t testing.TB) *service {
	t.Helper()
	s := &service{t: t}
	s.expires.Store(3600)
	s.Server = httptest.NewServer(http.HandlerFunc(s.grant))
	t.Cleanup(s.Close)
	return s
}

func (s *service) grant(w http.ResponseWriter, r *http.Request) {
	if s.hold != nil {
		<-s.hold
	}
	if code := s.status.Load(); code != 0 {
		w.WriteHeader(int(code))
		_, _ = fmt.Fprint(w, `{"error":"invalid_grant","error_description":"Invalid grant: account not found"}`)
		return
	}
	if why := s.check(r); why != "" {
		s.t.Errorf("a bad grant: %s", why)
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	_, _ = fmt.Fprintf(w, `{"access_token":"token-%d","expires_in":%d,"token_type":"Bearer"}`, s.made.Add(1), s.expires.Load())
}

// check verifies the assertion as RFC 7523 has it.
func (s *service) check(r *http.Request) string {
	if r.FormValue("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" {
		return "grant_type"
	}
	parts := strings.Split(r.FormValue("assertion"), ".")
	if len(parts) != 3 {
		return "no JWT"
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return "signature is not base64url"
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if rsa.VerifyPKCS1v15(&signingKey().PublicKey, crypto.SHA256, sum[:], signature) != nil {
		return "signature"
	}
	var head joseHeader
	var body claims
	for i, v := range []any{&head, &body} {
		raw, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil || json.Unmarshal(raw, v) != nil {
			return "not JSON"
		}
	}
	now := time.Now().Unix()
	switch {
	case head != joseHeader{"RS256", "JWT", "key-1"}:
		return "header"
	case body.Issuer != "gateway@example.iam.gserviceaccount.com", body.Scope != scope, body.Audience != s.URL:
		return "claims"
	case body.Issued < now-60 || body.Issued > now+60, body.Expires-body.Issued != 3600:
		return "times"
	}
	return ""
}

func doer(t testing.TB) llm.Doer {
	t.Helper()
	d := upstream.NewLean(upstream.Options{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	t.Cleanup(d.Close)
	return d
}

func TestAnAccountIsExchangedOnceAndAgainBeforeItsEnd(t *testing.T) {
	s := newService(t)
	tk := newTokens(doer(t))
	now := time.Now()
	tk.now = func() time.Time { return now }
	secret := keyFile(t, s.URL)
	for range 3 {
		got, err := tk.of(t.Context(), secret)
		require.NoError(t, err)
		require.Equal(t, "token-1", got)
	}
	now = now.Add(54 * time.Minute)
	got, err := tk.of(t.Context(), secret)
	require.NoError(t, err)
	require.Equal(t, "token-1", got, "more than five minutes are left")

	now = now.Add(2 * time.Minute)
	s.status.Store(503)
	got, err = tk.of(t.Context(), secret)
	require.NoError(t, err)
	require.Equal(t, "token-1", got, "it is still good when there is no other")

	s.status.Store(0)
	tk2 := newTokens(doer(t)) // the assertion's time must be real
	got, err = tk2.of(t.Context(), secret)
	require.NoError(t, err)
	require.Equal(t, "token-2", got)
	tk2.forget(secret)
	got, err = tk2.of(t.Context(), secret)
	require.NoError(t, err)
	require.Equal(t, "token-3", got, "a token that was refused is not used again")
}

func TestAnExpiredTokenIsNotUsed(t *testing.T) {
	s := newService(t)
	s.expires.Store(0)
	tk := newTokens(doer(t))
	for i := range 3 {
		got, err := tk.of(t.Context(), keyFile(t, s.URL))
		require.NoError(t, err)
		require.Equal(t, fmt.Sprintf("token-%d", i+1), got)
	}
}

func TestManyCallsShareOneExchange(t *testing.T) {
	s := newService(t)
	s.hold = make(chan struct{})
	tk := newTokens(doer(t))
	secret := keyFile(t, s.URL)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := tk.of(gone, secret)
	require.ErrorIs(t, err, context.Canceled, "whoever leaves does not wait")
	var all sync.WaitGroup
	for range 32 {
		all.Go(func() {
			got, err := tk.of(t.Context(), secret)
			if err != nil || got != "token-1" {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
	close(s.hold)
	all.Wait()
	require.EqualValues(t, 1, s.made.Load(), "the first caller left, its exchange serves the others")
}

func TestTokensAreBounded(t *testing.T) {
	tk := newTokens(nil)
	for i := range mostTokens + 100 {
		tk.put(sha256.Sum256([]byte{byte(i), byte(i >> 8)}), token{value: "x", good: time.Now().Add(time.Hour)})
	}
	require.LessOrEqual(t, len(tk.known), mostTokens)
}

func TestATokenOfSomebodyElseIsUsedAsItIs(t *testing.T) {
	got, err := newTokens(nil).of(t.Context(), "ya29.somebody-elses")
	require.NoError(t, err)
	require.Equal(t, "ya29.somebody-elses", got)
}

// TestBadCredentials: each is the gateway's fault and not the client's, and no
// error says what stands in a credential.
func TestBadCredentials(t *testing.T) {
	s := newService(t)
	good := keyFile(t, s.URL)
	for name, c := range map[string]struct{ secret, code string }{
		"nothing":             {"", "provider_misconfigured"},
		"a line break":        {"ya29\nX-Evil: 1", "provider_misconfigured"},
		"another kind":        {strings.Replace(good, "service_account", "external_account", 1), "provider_misconfigured"},
		"broken JSON":         {good[:len(good)-1], "provider_misconfigured"},
		"a broken key":        {strings.Replace(good, "BEGIN PRIVATE KEY", "BEGIN SOMETHING", 1), "provider_misconfigured"},
		"no encryption":       {keyFile(t, "http://oauth2.example.com/token"), "provider_misconfigured"},
		"a public address":    {keyFile(t, "http://8.8.8.8/token"), "provider_misconfigured"},
		"another scheme":      {keyFile(t, "file:///etc/passwd"), "provider_misconfigured"},
		"a private address":   {keyFile(t, "https://10.255.255.1:9/token"), "egress_refused"},
		"a service that errs": {strings.Replace(good, s.URL, s.URL+"/err", 1), "provider_credential_refused"},
	} {
		t.Run(name, func(t *testing.T) {
			s.status.Store(400)
			_, err := newTokens(doer(t)).of(t.Context(), c.secret)
			e := dcoder.AsError(err)
			require.Equal(t, http.StatusBadGateway, e.Status)
			require.Equal(t, c.code, e.Code)
			require.True(t, e.NoRetry)
			require.NotContains(t, err.Error(), "PRIVATE")
			require.NotContains(t, e.Message, "gateway@")
		})
	}
}

func TestATokenServiceInTroubleIsAskedAgain(t *testing.T) {
	s := newService(t)
	s.status.Store(503)
	_, err := newTokens(doer(t)).of(t.Context(), keyFile(t, s.URL))
	var f *llm.Failure
	require.ErrorAs(t, err, &f)
	require.True(t, f.Retry)
	require.Equal(t, "upstream_error", f.Public.Code)
}
