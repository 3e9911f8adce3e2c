package main

import (
	"context"
	"flag"
	"fmt"

	"github.com/d-coder-ai/dcoder/functions/cmd/wiring/operate"
	"github.com/d-coder-ai/dcoder/functions/cmd/wiring/settings"
	"github.com/d-coder-ai/dcoder/shared/auth"
	"github.com/d-coder-ai/dcoder/shared/config"
	"github.com/d-coder-ai/dcoder/shared/secret"
)

type command struct {
	name, about string
	run         func(ctx context.Context, c console, args []string) error
}

// commands is the visible list. It is filled here, since usage looks at it.
var commands []command

func init() {
	commands = []command{
		{"bootstrap", "make the first key of the platform's owner and print it, this once", bootstrap},
		{"migrate", "bring the control database and all tenants' to the newest version", migrate},
		{"keys new-kek", "print a new key encryption key, the value of DCODER_KEK", newKEK},
		{"keys new-peppers", "print new peppers, the value of DCODER_PEPPERS", newPeppers},
		{"keys rotate-kek", "take the next of three steps to another key encryption key", rotateKEK},
		{"import litellm", "bring models, aliases, fallbacks and the budget of a LiteLLM config.yaml to a tenant", importLiteLLM},
		{"prices import", "take a tenant's prices from LiteLLM's table or genai-prices' data", importPrices},
		{"keys rotate-pepper", "take the next of three steps to another pepper", rotatePepper},
	}
}

// parse reads a command's flags.
func parse(c console, name string, args []string, define func(*flag.FlagSet)) error {
	f := flag.NewFlagSet("dcoder "+name, flag.ContinueOnError)
	f.SetOutput(c.err)
	define(f)
	if err := f.Parse(args); err != nil {
		return errUsage
	}
	if f.NArg() > 0 {
		c.say("dcoder %s: %q is not understood", name, f.Arg(0))
		return errUsage
	}
	return nil
}

func none(*flag.FlagSet) {}

func bootstrap(ctx context.Context, c console, args []string) error {
	var another bool
	err := parse(c, "bootstrap", args, func(f *flag.FlagSet) {
		f.BoolVar(&another, "force-new", false, "make another key although there is one that works")
	})
	if err != nil {
		return err
	}
	var s settings.Operator
	if err := config.Load(&s); err != nil {
		return err
	}
	peppers, err := auth.ParsePeppers(s.Peppers.Peppers.Reveal())
	if err != nil {
		return err
	}
	p, err := operate.Open(s.ControlDSN.Reveal(), "", s.KEK.Reveal())
	if err != nil {
		return err
	}
	defer p.Databases.Close()
	key, err := p.Bootstrap(ctx, peppers, another)
	if err != nil {
		return err
	}
	if key == "" {
		c.say("The platform's owner has a key already; -force-new makes another one.")
		return nil
	}
	c.say("The platform owner's key. It is shown this once:")
	c.print(key)
	return nil
}

func migrate(ctx context.Context, c console, args []string) error {
	if err := parse(c, "migrate", args, none); err != nil {
		return err
	}
	var s settings.Migrate
	if err := config.Load(&s); err != nil {
		return err
	}
	p, err := operate.Open(s.ControlDSN.Reveal(), s.CreatorDSN.Reveal(), s.KEK.Reveal())
	if err != nil {
		return err
	}
	defer p.Databases.Close()
	control, tenants, err := p.Migrate(ctx)
	c.say("control database at version %d, %d tenants brought on", control, tenants)
	return err
}

func newKEK(_ context.Context, c console, args []string) error {
	return printed(c, "keys new-kek", args, secret.NewKeyset)
}

func newPeppers(_ context.Context, c console, args []string) error {
	return printed(c, "keys new-peppers", args, auth.NewPeppers)
}

func printed(c console, name string, args []string, make func() (string, error)) error {
	if err := parse(c, name, args, none); err != nil {
		return err
	}
	text, err := make()
	if err != nil {
		return err
	}
	c.print(text)
	return nil
}

func rotateKEK(ctx context.Context, c console, args []string) error {
	if err := parse(c, "keys rotate-kek", args, none); err != nil {
		return err
	}
	return rotate(c, func(p *operate.Platform, s *settings.Operator) (operate.Step, error) {
		return p.RotateKEK(ctx, s.KEK.Reveal())
	})
}

func rotatePepper(ctx context.Context, c console, args []string) error {
	var force bool
	err := parse(c, "keys rotate-pepper", args, func(f *flag.FlagSet) {
		f.BoolVar(&force, "force", false, "take the last step although keys are hashed under the old pepper")
	})
	if err != nil {
		return err
	}
	return rotate(c, func(p *operate.Platform, s *settings.Operator) (operate.Step, error) {
		return p.RotatePepper(ctx, s.Peppers.Peppers.Reveal(), force)
	})
}

func rotate(c console, step func(*operate.Platform, *settings.Operator) (operate.Step, error)) error {
	var s settings.Operator
	if err := config.Load(&s); err != nil {
		return err
	}
	p, err := operate.Open(s.ControlDSN.Reveal(), "", s.KEK.Reveal())
	if err != nil {
		return err
	}
	defer p.Databases.Close()
	done, err := step(p, &s)
	if err != nil {
		return err
	}
	c.say("%s", done.Say)
	if done.Next == "" {
		return fmt.Errorf("the step was not taken")
	}
	c.print(done.Next)
	return nil
}
