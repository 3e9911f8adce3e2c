package auth_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/auth"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/postgres"
	"github.com/d-coder-ai/dcoder/shared/postgres/postgrestest"
	"github.com/d-coder-ai/dcoder/shared/redis"
	"github.com/d-coder-ai/dcoder/shared/stacktest"
	"github.com/d-coder-ai/dcoder/shared/virtualkey"
)

// BenchmarkRefusals prints the median time to refuse each kind of bad key, over
// 2,000 interleaved HTTP calls each: what an outsider can measure. Baseline: no
// key at all.
func BenchmarkRefusals(b *testing.B) {
	client, err := redis.Open(stacktest.Env(b).RedisURL)
	require.NoError(b, err)
	defer func() { _ = client.Close() }()
	shelf := redis.NewShelf(client)
	site := postgrestest.New(b, func(o *postgres.Options) { o.Generations = shelf })
	text, err := auth.NewPeppers()
	require.NoError(b, err)
	peppers, err := auth.ParsePeppers(text)
	require.NoError(b, err)
	keeper := auth.NewKeeper(auth.Options{Shelf: shelf, Source: site.Databases, Sealer: site.Vault, Peppers: peppers})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, _, err := keeper.Identify(r.Context(), r, true); err != nil {
			w.WriteHeader(dcoder.AsError(err).Status)
		}
	}))
	defer server.Close()
	classes := badKeys(b, site, peppers)
	for b.Loop() {
		took := map[string][]time.Duration{}
		for range 2000 {
			for _, c := range classes {
				took[c.name] = append(took[c.name], ask(b, server.URL, c.key))
			}
		}
		base := median(took["none"])
		for _, c := range classes {
			m := median(took[c.name])
			b.ReportMetric(float64(m.Nanoseconds())/1e3, c.name+"-us")
			b.ReportMetric(float64(m)/float64(base), c.name+"/none")
		}
	}
}

type badKey struct{ name, key string }

func badKeys(b *testing.B, site *postgrestest.Site, peppers *auth.Peppers) []badKey {
	keys, tenant := postgres.NewKeys(site.Databases), site.NewTenant()
	make := func(k dcoder.VirtualKey) string {
		k.ID, k.Role, k.Created = dcoder.NewKeyID(), dcoder.RoleService, time.Now()
		issued, hashed := peppers.Issue(tenant, k.ID)
		require.NoError(b, keys.Create(b.Context(), tenant, k, hashed, nil))
		return issued.Text
	}
	good := make(dcoder.VirtualKey{})
	return []badKey{
		{"none", ""},
		{"malformed", good[:len(good)-1] + "!"},
		{"expired", make(dcoder.VirtualKey{Expires: time.Now().Add(-time.Hour)})},
		{"blocked", func() string {
			text := make(dcoder.VirtualKey{})
			k, err := virtualkey.Parse(text)
			require.NoError(b, err)
			_, err = keys.Block(b.Context(), tenant, k.ID)
			require.NoError(b, err)
			return text
		}()},
	}
}

func ask(b *testing.B, url, key string) time.Duration {
	r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, url, nil)
	require.NoError(b, err)
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	start := time.Now()
	res, err := http.DefaultClient.Do(r)
	took := time.Since(start)
	require.NoError(b, err)
	_ = res.Body.Close()
	require.Equal(b, 401, res.StatusCode)
	return took
}

func median(d []time.Duration) time.Duration {
	d = slices.Clone(d)
	slices.Sort(d)
	return d[len(d)/2]
}

// BenchmarkIdentify is the cost of a good key on the hot path; baseline: the
// keyed hash alone.
func BenchmarkIdentify(b *testing.B) {
	client, err := redis.Open(stacktest.Env(b).RedisURL)
	require.NoError(b, err)
	defer func() { _ = client.Close() }()
	site := postgrestest.New(b)
	text, err := auth.NewPeppers()
	require.NoError(b, err)
	peppers, err := auth.ParsePeppers(text)
	require.NoError(b, err)
	tenant, id := site.NewTenant(), dcoder.NewKeyID()
	issued, hashed := peppers.Issue(tenant, id)
	require.NoError(b, postgres.NewKeys(site.Databases).Create(b.Context(), tenant,
		dcoder.VirtualKey{ID: id, Role: dcoder.RoleService, Created: time.Now()}, hashed, nil))
	keeper := auth.NewKeeper(auth.Options{Shelf: redis.NewShelf(client), Source: site.Databases, Sealer: site.Vault, Peppers: peppers})
	r := request(issued.Text)
	b.Run("keyed-hash", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			peppers.Issue(tenant, id)
		}
	})
	b.Run("identify", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, _, err := keeper.Identify(b.Context(), r, true); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkFirstIdentify is the first request of a process: nothing connected,
// the key known to Redis, or to Postgres alone.
func BenchmarkFirstIdentify(b *testing.B) {
	url := stacktest.Env(b).RedisURL
	client, err := redis.Open(url)
	require.NoError(b, err)
	defer func() { _ = client.Close() }()
	site := postgrestest.New(b, func(o *postgres.Options) { o.Generations = redis.NewShelf(client) })
	text, err := auth.NewPeppers()
	require.NoError(b, err)
	peppers, err := auth.ParsePeppers(text)
	require.NoError(b, err)
	tenant, id := site.NewTenant(), dcoder.NewKeyID()
	issued, hashed := peppers.Issue(tenant, id)
	require.NoError(b, postgres.NewKeys(site.Databases).Create(b.Context(), tenant,
		dcoder.VirtualKey{ID: id, Role: dcoder.RoleService, Created: time.Now()}, hashed, nil))
	require.NoError(b, client.HDel(b.Context(), "{"+tenant+"}:gen", "d").Err())
	for _, known := range []string{"redis", "postgres"} {
		b.Run(known, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				if known == "postgres" {
					require.NoError(b, client.Del(b.Context(), "{"+tenant+"}:snap:"+id).Err())
				}
				fresh, err := redis.Open(url)
				require.NoError(b, err)
				databases, err := postgres.Open(site.Options)
				require.NoError(b, err)
				keeper := auth.NewKeeper(auth.Options{Shelf: redis.NewShelf(fresh), Source: databases, Sealer: site.Vault, Peppers: peppers})
				b.StartTimer()
				_, _, err = keeper.Identify(b.Context(), request(issued.Text), true)
				b.StopTimer()
				require.NoError(b, err)
				databases.Close()
				_ = fresh.Close()
				b.StartTimer()
			}
		})
	}
}
