package redis_test

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/redis"
)

func TestRowsAreEncodedAsEncodingJSONDoes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var r dcoder.UsageRecord
		fill(t, reflect.ValueOf(&r).Elem(), "r")
		want, err := json.Marshal(&r)
		require.NoError(t, err)
		require.Equal(t, string(want), string(redis.AppendRecord(nil, &r)))
	})
}

// fill draws every field, so that one that is added to the row is not forgotten.
func fill(t *rapid.T, v reflect.Value, name string) {
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.UnixMicro(rapid.Int64Range(0, 4e15).Draw(t, name)).UTC()))
			return
		}
		for i := range v.NumField() {
			fill(t, v.Field(i), v.Type().Field(i).Name)
		}
	case reflect.String:
		v.SetString(rapid.OneOf(rapid.Just(""), rapid.String(), rapid.Just("a<\"\\\u2028\xff")).Draw(t, name))
	case reflect.Int, reflect.Int64:
		v.SetInt(rapid.OneOf(rapid.Just(int64(0)), rapid.Int64()).Draw(t, name))
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, name))
	default:
		t.Fatalf("a field of kind %s: %s", v.Kind(), name)
	}
}
