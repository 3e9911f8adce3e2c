package main

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"syscall"
)

const frontDoor = "8000" // the first choice; a free port when it is taken

// presets gives the variables that only a laptop's values fit, where the
// environment has none.
func presets() error {
	local := localDir()
	for name, value := range map[string]string{
		"DCODER_HOST":        "127.0.0.1",
		"DCODER_LOG_LEVEL":   "warn",
		"DCODER_LOG_FORMAT":  "text",
		"DCODER_DRAIN_GRACE": "5s",
		"DCODER_JOURNAL_DIR": filepath.Join(local, "journal"),
		"PORT":               port(),
	} {
		if _, set := os.LookupEnv(name); !set {
			if err := os.Setenv(name, value); err != nil {
				return err
			}
		}
	}
	return nil
}

// localDir is the folder that the stack lives in.
func localDir() string {
	if dir := os.Getenv("DCODER_LOCAL"); dir != "" {
		return dir
	}
	return ".local"
}

func port() string {
	l, err := net.Listen("tcp", "127.0.0.1:"+frontDoor)
	if errors.Is(err, syscall.EADDRINUSE) {
		return "0"
	}
	if err == nil {
		_ = l.Close()
	}
	return frontDoor
}
