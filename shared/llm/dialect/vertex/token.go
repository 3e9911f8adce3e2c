package vertex

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/llm/dialect/wire"
)

// Bounds of tokens.
const (
	mostTokens   = 4096             // credentials that are remembered
	margin       = 5 * time.Minute  // before its end a token is replaced
	exchangeTime = 15 * time.Second // of one exchange
	maxAnswer    = 64 << 10         // bytes of the token's answer
)

// tokens exchanges service accounts for access tokens and keeps those while they
// are good: one exchange at a time for each credential, whoever waits for it.
type tokens struct {
	doer llm.Doer
	now  func() time.Time

	flight singleflight.Group
	mu     sync.Mutex
	known  map[[sha256.Size]byte]token
}

type token struct {
	value string
	fresh time.Time // until then it is used without a thought
	good  time.Time // until then it is used when no other can be had
}

func newTokens(d llm.Doer) *tokens {
	return &tokens{doer: d, now: time.Now, known: map[[sha256.Size]byte]token{}}
}

// of returns an access token for a credential. Errors are *llm.Failure, or the
// context's, and say nothing of the credential.
func (t *tokens) of(ctx context.Context, secret string) (string, error) {
	if !isAccount(secret) {
		value, err := bearer(secret)
		if err != nil {
			return "", wire.Refused(err)
		}
		return value, nil
	}
	key := sha256.Sum256([]byte(secret))
	have := t.get(key)
	if t.now().Before(have.fresh) {
		return have.value, nil
	}
	done := t.flight.DoChan(string(key[:]), func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), exchangeTime)
		defer cancel()
		return t.exchange(ctx, key, secret)
	})
	select {
	case r := <-done:
		if r.Err == nil {
			return r.Val.(string), nil //nolint:forcetypeassert // of exchange
		}
		if t.now().Before(have.good) {
			return have.value, nil
		}
		return "", r.Err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func (t *tokens) get(key [sha256.Size]byte) token {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.known[key]
}

// put keeps a token; when there are too many, those that are over go, and if
// none is, any.
func (t *tokens) put(key [sha256.Size]byte, v token) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.known) >= mostTokens {
		for k, old := range t.known {
			if !t.now().Before(old.good) {
				delete(t.known, k)
			}
		}
	}
	for k := range t.known {
		if len(t.known) < mostTokens {
			break
		}
		delete(t.known, k)
	}
	t.known[key] = v
}

// forget drops the token of a credential: it was refused.
func (t *tokens) forget(secret string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.known, sha256.Sum256([]byte(secret)))
}

// exchange asks the account's token_uri for a token.
func (t *tokens) exchange(ctx context.Context, key [sha256.Size]byte, secret string) (string, error) {
	a, err := readAccount(secret)
	if err != nil {
		return "", wire.Refused(err)
	}
	assertion, err := a.assertion(t.now())
	if err != nil {
		return "", wire.Refused(err)
	}
	resp, err := t.doer.Do(grant(ctx, a.at, assertion))
	if err != nil {
		return "", wire.Unreachable(context.WithoutCancel(ctx), err) // a timeout of ours is no caller's end
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return "", wire.Broken(context.WithoutCancel(ctx), err)
	}
	var out struct {
		Token   string `json:"access_token"`
		Expires int64  `json:"expires_in"`
	}
	if resp.StatusCode != http.StatusOK {
		return "", denied(resp.StatusCode, raw)
	}
	if json.Unmarshal(raw, &out) != nil || out.Expires < 0 || out.Expires > 1e6 {
		return "", wire.Garbage("the token service answered with something that is no token")
	}
	if _, err := bearer(out.Token); err != nil {
		return "", wire.Garbage("the token service answered with something that is no token")
	}
	life := time.Duration(out.Expires) * time.Second
	v := token{value: out.Token, good: t.now().Add(life)}
	v.fresh = v.good.Add(-min(margin, life/5))
	t.put(key, v)
	return v.value, nil
}

// grant is the request of RFC 7523, section 2.1.
func grant(ctx context.Context, at *url.URL, assertion string) *http.Request {
	form := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {assertion}}.Encode()
	r := &http.Request{
		Method: http.MethodPost, URL: at, Host: at.Host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {"application/json"}, "User-Agent": {"dcoder"}},
		ContentLength: int64(len(form)), Body: io.NopCloser(strings.NewReader(form)),
		GetBody: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(form)), nil },
	}
	return r.WithContext(ctx)
}

// denied is the token service's no. What it says (RFC 6749, section 5.2) is for
// the log: it may repeat the account's name.
func denied(status int, raw []byte) *llm.Failure {
	f := wire.Classify(http.StatusUnauthorized, nil, canonical.Problem{})
	f.Public.Cause = fmt.Errorf("the token service answered %d: %.200q", status, raw)
	if status >= http.StatusInternalServerError || status == http.StatusTooManyRequests {
		f.Retry = true
		f.Public = &dcoder.Error{Status: http.StatusBadGateway, Code: "upstream_error", Message: "the token service of the provider cannot answer just now", Cause: f.Public.Cause}
	}
	return f
}
