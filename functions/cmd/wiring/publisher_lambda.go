//go:build lambda

package wiring

import (
	"fmt"

	"github.com/d-coder-ai/dcoder/functions/cmd/wiring/settings"
	"github.com/d-coder-ai/dcoder/shared/aws"
	"github.com/d-coder-ai/dcoder/shared/config"
)

// publish decides where the platform's events go: to a bus, to queues, or, with
// neither named, to the broker.
func (p *Platform) publish() error {
	var c settings.Lambda
	if err := config.Load(&c); err != nil {
		return err
	}
	p.MostEvent = aws.MostEvent
	switch {
	case c.EventBus != "" && c.EventQueues != "":
		return fmt.Errorf("DCODER_EVENT_BUS and DCODER_EVENT_QUEUES are both set; set one")
	case c.EventBus != "":
		p.Publisher = aws.NewBus(aws.FromEnv(), c.EventBus)
	case c.EventQueues != "":
		routes, err := aws.ParseRoutes(c.EventQueues)
		if err != nil {
			return fmt.Errorf("DCODER_EVENT_QUEUES: %w", err)
		}
		p.Publisher = aws.NewQueues(aws.FromEnv(), routes)
	default:
		p.Publisher, p.MostEvent = p.Broker, 0
	}
	return nil
}
