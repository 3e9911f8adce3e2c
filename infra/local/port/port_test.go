package port

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestChoose(t *testing.T) {
	all := func(int) bool { return true }
	for name, row := range map[string]struct {
		free   func(int) bool
		taken  map[int]bool
		wishes []int
		want   int // 0: any other
	}{
		"the remembered one first":       {all, nil, []int{7001, 5432}, 7001},
		"nothing remembered":             {all, nil, []int{0, 5432}, 5432},
		"the remembered one is taken":    {func(p int) bool { return p != 7001 }, nil, []int{7001, 5432}, 5432},
		"another door has it":            {all, map[int]bool{7001: true}, []int{7001, 5432}, 5432},
		"nothing wished for is free":     {func(int) bool { return false }, nil, []int{7001, 5432}, 0},
		"no wish":                        {all, nil, nil, 0},
		"a door that gave its port back": {all, map[int]bool{5432: false}, []int{0, 5432}, 5432},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Choose(row.free, row.taken, row.wishes...)
			require.NoError(t, err)
			if row.want != 0 {
				require.Equal(t, row.want, got)
				return
			}
			require.NotContains(t, row.wishes, got)
			require.Greater(t, got, 1023)
		})
	}
}

func TestFree(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", ":0"} {
		listener, err := net.Listen("tcp", address)
		require.NoError(t, err)
		taken := listener.Addr().(*net.TCPAddr).Port
		require.False(t, Free(taken), address)
		require.NoError(t, listener.Close())
		require.True(t, Free(taken), address)
	}
}
