package site

import (
	"fmt"
	"net"
	"net/url"
	"strings"
)

// door is one server of the stack: the variable that says where it listens, and the port that pods know.
type door struct{ variable, port string }

var doors = []door{
	{"DCODER_CONTROL_DSN", "5432"}, {"DCODER_REDIS_URL", "6379"}, {"DCODER_NATS_URL", "4222"}, {"DCODER_TEMPORAL_ADDRESS", "7233"},
}

const simulatorPort = "8080"

// routes are what the relay listens on, and where each goes.
func routes(host string, stack map[string]string, simulator string) (map[string]string, error) {
	out := map[string]string{net.JoinHostPort(host, simulatorPort): simulator}
	for _, d := range doors {
		at, err := hostOf(stack[d.variable])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", d.variable, err)
		}
		out[net.JoinHostPort(host, d.port)] = at
	}
	return out, nil
}

// hostOf is the host:port of an address, with or without a scheme.
func hostOf(address string) (string, error) {
	if !strings.Contains(address, "://") {
		address = "tcp://" + address
	}
	u, err := url.Parse(address)
	if err != nil || u.Port() == "" {
		return "", fmt.Errorf("no host and port")
	}
	return u.Host, nil
}

// moved is the address of a server as pods know it; path, when given, replaces the address' own.
func moved(address, host, port, path string) (string, error) {
	if !strings.Contains(address, "://") {
		return net.JoinHostPort(host, port), nil
	}
	u, err := url.Parse(address)
	if err != nil {
		return "", fmt.Errorf("not an address")
	}
	u.Host = net.JoinHostPort(host, port)
	if path != "" {
		u.Path = path
	}
	return u.String(), nil
}
