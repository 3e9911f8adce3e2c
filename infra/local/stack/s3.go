package stack

import (
	"context"
	"os"

	"golang.org/x/sys/unix"

	"github.com/d-coder-ai/dcoder/infra/local/daemon"
	"github.com/d-coder-ai/dcoder/infra/local/envfile"
	"github.com/d-coder-ai/dcoder/infra/local/pin"
)

// s3 is versitygw: S3's protocol over a folder.
type s3 struct{}

func (s3) Name() string    { return "s3" }
func (s3) Doors() []string { return []string{"s3"} }

func (s3) Install(ctx context.Context, site *Site) error {
	_, err := site.tool(ctx, "s3", pin.S3)
	return err
}

func (s3) Command(_ context.Context, site *Site) (daemon.Command, error) {
	home, data := site.path("s3"), site.path("s3", "data")
	if err := os.MkdirAll(data, 0o700); err != nil {
		return daemon.Command{}, err
	}
	args := []string{"--port", site.address("s3"), "--health", "/health", "--quiet", "posix"}
	if !keepsAttributes(data) {
		sidecar := site.path("s3", "metadata")
		if err := os.MkdirAll(sidecar, 0o700); err != nil {
			return daemon.Command{}, err
		}
		args = append(args, "--sidecar", sidecar)
	}
	env := append(plainEnv(home), "ROOT_ACCESS_KEY="+site.Secrets.S3Access, "ROOT_SECRET_KEY="+site.Secrets.S3Secret)
	return daemon.Command{Path: site.path("bin", pin.S3.Name), Args: append(args, data), Env: env, Dir: home}, nil
}

// keepsAttributes reports whether the folder's file system has the user attributes that objects' metadata go to;
// some container file systems have none.
func keepsAttributes(folder string) bool {
	return unix.Setxattr(folder, "user.dcoder", []byte("1"), 0) == nil
}

func (s3) Healthy(ctx context.Context, site *Site) error {
	return get(ctx, "http://"+site.address("s3")+"/health")
}

func (s3) Settle(context.Context, *Site) error { return nil }

func (s3) Env(site *Site) []envfile.Pair {
	return []envfile.Pair{
		{Key: "DCODER_S3_ENDPOINT", Value: "http://" + site.address("s3")},
		{Key: "DCODER_S3_ACCESS_KEY", Value: site.Secrets.S3Access},
		{Key: "DCODER_S3_SECRET_KEY", Value: site.Secrets.S3Secret},
	}
}
