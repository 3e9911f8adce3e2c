package guardtest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

// frozenHash is of the written-out frozen half. It was taken before the first
// detector was written; whoever changes it measures something else.
const frozenHash = "cce83c6cdbdf965bc9c3b054fd914aa0f97cdeda2724aed8adb2fc0f66a35e08"

func TestTheFrozenHalfIsFrozen(t *testing.T) {
	raw, err := json.Marshal(Frozen())
	require.NoError(t, err)
	sum := sha256.Sum256(raw)
	require.Equal(t, frozenHash, hex.EncodeToString(sum[:]))
}

func TestBothHalvesHaveEverything(t *testing.T) {
	for name, half := range map[string][]Case{"dev": Dev(), "frozen": Frozen()} {
		count := map[string]int{}
		for _, c := range half {
			if len(c.Wants) == 0 {
				count["clean"]++
			}
			for _, w := range c.Wants {
				count[w.Category]++
			}
		}
		require.Greater(t, count["secrets"], 400, name)
		require.Greater(t, count["pii"], 200, name)
		require.Greater(t, count["injection"], 15, name)
		require.Greater(t, count["clean"], 100, name)
	}
}
