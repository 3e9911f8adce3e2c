package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/url"
	"os"

	"github.com/d-coder-ai/dcoder/functions/cmd/dcoder/litellm"
)

// parseFile reads flags and the name of one file.
func parseFile(c console, name string, args []string, define func(*flag.FlagSet)) (raw []byte, err error) {
	f := flag.NewFlagSet("dcoder "+name, flag.ContinueOnError)
	f.SetOutput(c.err)
	define(f)
	if err := f.Parse(args); err != nil {
		return nil, errUsage
	}
	if f.NArg() != 1 {
		c.say("dcoder %s: name one file, behind the flags", name)
		return nil, errUsage
	}
	return os.ReadFile(f.Arg(0))
}

func importLiteLLM(ctx context.Context, c console, args []string) error {
	var dry bool
	var keysFile string
	raw, err := parseFile(c, "import litellm", args, func(f *flag.FlagSet) {
		f.BoolVar(&dry, "dry-run", false, "only report")
		f.StringVar(&keysFile, "keys", "", "a JSON dump of LiteLLM's table of keys, to be told about them")
	})
	if err != nil {
		return err
	}
	var keys []byte
	if keysFile != "" {
		if keys, err = os.ReadFile(keysFile); err != nil {
			return err
		}
	}
	plan, err := litellm.Read(raw, keys)
	if err != nil {
		return err
	}
	a, err := openAPI()
	if err != nil {
		return err
	}
	done, err := plan.Apply(ctx, a, os.Getenv, dry)
	plan.Report(c.out, done)
	return err
}

func importPrices(ctx context.Context, c console, args []string) error {
	var dry bool
	q := url.Values{}
	var format, version string
	raw, err := parseFile(c, "prices import", args, func(f *flag.FlagSet) {
		f.BoolVar(&dry, "dry-run", false, "only report")
		f.StringVar(&format, "format", "litellm", "litellm or genai-prices")
		f.StringVar(&version, "version", "", "names the prices in usage rows")
	})
	if err != nil {
		return err
	}
	if !json.Valid(raw) {
		return fmt.Errorf("the file is no JSON")
	}
	a, err := openAPI()
	if err != nil {
		return err
	}
	q.Set("format", format)
	q.Set("dryRun", fmt.Sprint(dry))
	if version != "" {
		q.Set("version", version)
	}
	var report json.RawMessage
	if err := a.Do(ctx, "POST", "/v1/prices/import?"+q.Encode(), json.RawMessage(raw), &report); err != nil {
		return err
	}
	c.print(string(report))
	return nil
}
