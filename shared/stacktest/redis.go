package stacktest

import (
	"os/exec"
	"strconv"
	"testing"
)

// RedisServer is a Redis of one test, durable to the second like the stack's: Stop, Kill, Start, Restart, Freeze and
// Thaw do what they say, Addr and URL stay.
type RedisServer struct{ server }

// OwnRedis starts a Redis for this test alone. extra are further lines of its command line, as
// "--maxmemory", "64mb".
func OwnRedis(t testing.TB, extra ...string) *RedisServer {
	t.Helper()
	path, data, port := program(t, "debian/usr/bin/redis-server"), t.TempDir(), freePort(t)
	args := append([]string{
		"--bind", "127.0.0.1", "--port", strconv.Itoa(port), "--dir", data, "--save", "",
		"--appendonly", "yes", "--appendfsync", "everysec", "--maxmemory-policy", "noeviction",
	}, extra...)
	redis := &RedisServer{server{
		t: t, name: "redis", port: port, stop: terminate,
		command: func() *exec.Cmd {
			cmd := exec.Command(path, args...)
			cmd.Env = []string{"LC_ALL=C", "PATH=/usr/bin:/bin"}
			return cmd
		},
		healthy: func(address string) error { return greets(address, "PING\r\n", "+PONG") },
	}}
	redis.begin()
	return redis
}

// URL is the server's address as go-redis reads it.
func (r *RedisServer) URL() string { return "redis://" + r.Addr() + "/0" }
