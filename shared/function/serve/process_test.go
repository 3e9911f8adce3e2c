package serve

import (
	"bufio"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// spawn starts this very test binary as a process that serves nothing but
// health, and returns its address from its log.
func spawn(t testing.TB) (cmd *exec.Cmd, url string) {
	path, err := os.Executable()
	require.NoError(t, err)
	cmd = exec.Command(path)
	cmd.Env = append(os.Environ(), "SERVE_AS_A_PROCESS=1", "PORT=0", "DCODER_HOST=127.0.0.1", "DCODER_LOG_FORMAT=json")
	log, err := cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	for lines := bufio.NewScanner(log); lines.Scan(); {
		var line struct{ Msg, Address string }
		require.NoError(t, json.Unmarshal(lines.Bytes(), &line), lines.Text())
		if line.Msg == "listening" {
			return cmd, "http://" + line.Address
		}
	}
	t.Fatal("the process did not listen")
	return nil, ""
}

func TestAProcessServesAndEndsOnSIGTERM(t *testing.T) {
	cmd, url := spawn(t)
	resp, err := http.Get(url + "/health/live")
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, 200, resp.StatusCode)
	http.DefaultClient.CloseIdleConnections()
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, cmd.Wait(), "exit code 0")
}

// BenchmarkStart is exec to the first 200 of /health/live.
func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		cmd, url := spawn(b)
		resp, err := http.Get(url + "/health/live")
		require.NoError(b, err)
		_ = resp.Body.Close()
		b.StopTimer()
		http.DefaultClient.CloseIdleConnections()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		b.StartTimer()
	}
}
