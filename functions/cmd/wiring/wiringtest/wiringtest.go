// Package wiringtest serves functions over HTTP with real stores behind them, on
// databases of the test's own. Only tests import it.
package wiringtest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/functions/cmd/wiring"
	"github.com/d-coder-ai/dcoder/shared/auth"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/function"
	"github.com/d-coder-ai/dcoder/shared/postgres"
	"github.com/d-coder-ai/dcoder/shared/postgres/postgrestest"
	"github.com/d-coder-ai/dcoder/shared/redis"
	"github.com/d-coder-ai/dcoder/shared/stacktest"
)

// Platform is what a process of the platform has open, on a site of the test's.
type Platform struct {
	*postgrestest.Site
	Redis   goredis.UniversalClient
	Peppers *auth.Peppers
	Keeper  *auth.Keeper

	t testing.TB
}

// New opens a platform.
func New(t testing.TB, options ...postgrestest.Option) *Platform {
	t.Helper()
	client, err := redis.Open(stacktest.Env(t).RedisURL)
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Close() })
	shelf := redis.NewShelf(client)
	announced := func(o *postgres.Options) { o.Generations = shelf }
	p := &Platform{Redis: client, Site: postgrestest.New(t, append([]postgrestest.Option{announced}, options...)...), t: t}
	text, err := auth.NewPeppers()
	require.NoError(t, err)
	p.Peppers, err = auth.ParsePeppers(text)
	require.NoError(t, err)
	p.Keeper = p.NewKeeper()
	return p
}

// NewKeeper proves keys as another process does.
func (p *Platform) NewKeeper() *auth.Keeper {
	return auth.NewKeeper(auth.Options{
		Shelf: redis.NewShelf(p.Redis), Source: p.Databases, Sealer: p.Vault, Peppers: p.Peppers, Rekeyer: postgres.NewKeys(p.Databases),
	})
}

// Key makes a virtual key in the store and returns its id and text.
func (p *Platform) Key(tenant string, role dcoder.Role, change ...func(*dcoder.VirtualKey)) (id, text string) {
	p.t.Helper()
	k := dcoder.VirtualKey{ID: dcoder.NewKeyID(), Name: "test", Role: role, Created: time.Now().UTC()}
	for _, c := range change {
		c(&k)
	}
	issued, hashed := p.Peppers.Issue(tenant, k.ID)
	require.NoError(p.t, postgres.NewKeys(p.Databases).Create(p.t.Context(), tenant, k, hashed, nil))
	return k.ID, issued.Text
}

// Owner makes a key of the platform's owner.
func (p *Platform) Owner() string {
	p.t.Helper()
	_, text := p.Key(dcoder.PlatformTenant, dcoder.RolePlatformOwner)
	return text
}

// Door is where functions are served.
type Door struct {
	URL string
	t   testing.TB
}

// Serve serves functions until the test ends.
func (p *Platform) Serve(funcs ...function.Func) *Door {
	p.t.Helper()
	host, err := function.NewHost(function.Wiring{
		Identifier: p.Keeper, Authorizer: auth.Table{}, Replays: wiring.NewReplays(redis.NewClaims(p.Redis), p.Databases),
	}, funcs...)
	require.NoError(p.t, err)
	server := httptest.NewServer(host)
	p.t.Cleanup(server.Close)
	return &Door{server.URL, p.t}
}

// At is the door of what is served elsewhere.
func (p *Platform) At(url string) *Door { return &Door{url, p.t} }

// Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	Body   string
	t      testing.TB
}

// Ask sends a request with a key; body is JSON text, a value to encode, or nil.
func (d *Door) Ask(key, method, path string, body any, headers ...string) Answer {
	d.t.Helper()
	var in io.Reader = http.NoBody
	switch b := body.(type) {
	case nil:
	case string:
		in = bytes.NewBufferString(b)
	default:
		raw, err := json.Marshal(body)
		require.NoError(d.t, err)
		in = bytes.NewReader(raw)
	}
	r, err := http.NewRequestWithContext(d.t.Context(), method, d.URL+path, in)
	require.NoError(d.t, err)
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	require.NoError(d.t, err)
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	require.NoError(d.t, err)
	return Answer{res.StatusCode, res.Header, string(raw), d.t}
}

// Into decodes an answer that must have the status.
func (a Answer) Into(status int, out any) {
	a.t.Helper()
	require.Equal(a.t, status, a.Status, a.Body)
	if out != nil {
		require.NoError(a.t, json.Unmarshal([]byte(a.Body), out), a.Body)
	}
}

// Refused reads an error that must have the status, and returns its code and the
// field that it names.
func (a Answer) Refused(status int) (code, field string) {
	a.t.Helper()
	var e struct {
		Error struct {
			Code    string
			Details map[string]any
		}
	}
	a.Into(status, &e)
	field, _ = e.Error.Details["field"].(string)
	return e.Error.Code, field
}

// Audited returns the audit log's actions of an object in a tenant's database,
// oldest first.
func (p *Platform) Audited(tenant, object, id string) (actions []string) {
	p.t.Helper()
	require.NoError(p.t, p.ReadTenant(p.t.Context(), tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(p.t.Context(), "SELECT action FROM audit_log WHERE object = $1 AND object_id = $2 ORDER BY id", object, id)
		if err != nil {
			return err
		}
		actions, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	}))
	return actions
}

// T is the test that the door belongs to.
func (d *Door) T() testing.TB { return d.t }
