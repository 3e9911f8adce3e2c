package dcoder_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// What the first build wrote (testdata/v1, every field set) is read with its full
// meaning: nothing is unknown, and nothing of it is lost on the way back out.
func TestTodayReadsTheFirstBuildsRecords(t *testing.T) {
	for name, today := range map[string]func() any{
		"snapshot.json":               func() any { return new(dcoder.Snapshot) },
		"usage_final.json":            func() any { return new(dcoder.UsageRecord) },
		"usage_refused.json":          func() any { return new(dcoder.UsageRecord) },
		"usage_lost.json":             func() any { return new(dcoder.UsageRecord) },
		"event_usage.recorded.json":   func() any { return new(dcoder.UsageRecorded) },
		"event_quota.updated.json":    func() any { return new(dcoder.QuotaUpdated) },
		"event_budget.reached.json":   func() any { return new(dcoder.BudgetReached) },
		"event_tenant.created.json":   func() any { return new(dcoder.TenantCreated) },
		"event_tenant.suspended.json": func() any { return new(dcoder.TenantSuspended) },
		"event_key.revoked.json":      func() any { return new(dcoder.KeyRevoked) },
	} {
		raw, err := os.ReadFile(filepath.Join("testdata/v1", name))
		require.NoError(t, err)
		v := today()
		strict := json.NewDecoder(bytes.NewReader(raw))
		strict.DisallowUnknownFields()
		require.NoError(t, strict.Decode(v), "%s: a field was renamed, retyped or removed", name)
		back, err := json.Marshal(v)
		require.NoError(t, err)
		holds(t, name, decoded(t, back), decoded(t, raw))
	}
}

// A usage row of the first build keeps the meaning of its state.
func TestStatesOfTheFirstBuild(t *testing.T) {
	for name, state := range map[string]dcoder.UsageState{
		"final": dcoder.UsageFinal, "refused": dcoder.UsageRefused, "lost": dcoder.UsageLost,
	} {
		raw, err := os.ReadFile("testdata/v1/usage_" + name + ".json")
		require.NoError(t, err)
		var r dcoder.UsageRecord
		require.NoError(t, json.Unmarshal(raw, &r))
		require.Equal(t, state, r.State)
		require.Equal(t, 1, r.V)
	}
}

// What today writes, every field set, a process of the first build reads without
// losing one of the fields that it knows: they are only ever added.
func TestTheFirstBuildReadsTodaysRecords(t *testing.T) {
	for name, pair := range map[string][2]any{
		"snapshot": {new(dcoder.Snapshot), new(v1Snapshot)},
		"usage":    {new(dcoder.UsageRecord), new(v1UsageRecord)},
		"limit":    {new(dcoder.Limit), new(v1Limit)},
	} {
		count := int64(0)
		setAll(reflect.ValueOf(pair[0]).Elem(), &count)
		raw, err := json.Marshal(pair[0])
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(raw, pair[1]), name)
		unset(t, name, reflect.ValueOf(pair[1]).Elem())
		back, err := json.Marshal(pair[1])
		require.NoError(t, err)
		holds(t, name, decoded(t, raw), decoded(t, back))
	}
}

func decoded(t *testing.T, raw []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	require.NoError(t, d.Decode(&v))
	return v
}

// holds requires that whole has everything that part has, with the same value.
func holds(t *testing.T, path string, whole, part any) {
	t.Helper()
	switch p := part.(type) {
	case map[string]any:
		w, ok := whole.(map[string]any)
		require.True(t, ok, path)
		for k, v := range p {
			require.Contains(t, w, k, path)
			holds(t, path+"."+k, w[k], v)
		}
	case []any:
		w, ok := whole.([]any)
		require.True(t, ok && len(w) == len(p), path)
		for i := range p {
			holds(t, path, w[i], p[i])
		}
	default:
		require.Equal(t, part, whole, path)
	}
}

// setAll gives every field a value of its own.
func setAll(v reflect.Value, n *int64) {
	*n++
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Unix(1_795_000_000+*n, 0).UTC()))
			return
		}
		for i := range v.NumField() {
			setAll(v.Field(i), n)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		setAll(v.Elem(), n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		setAll(v.Index(0), n)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		setAll(key, n)
		setAll(value, n)
		v.SetMapIndex(key, value)
	case reflect.String:
		v.SetString(time.Duration(*n).String())
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Uint8:
		v.SetUint(uint64(*n) % 256)
	case reflect.Float64:
		v.SetFloat(float64(*n))
	default:
		v.SetInt(*n)
	}
}

// unset fails for the first field that is zero.
func unset(t *testing.T, path string, v reflect.Value) {
	t.Helper()
	require.False(t, v.IsZero(), "%s got nothing from what today writes", path)
	if v.Kind() != reflect.Struct || v.Type() == reflect.TypeFor[time.Time]() {
		return
	}
	for i := range v.NumField() {
		unset(t, path+"."+v.Type().Field(i).Name, v.Field(i))
	}
}
