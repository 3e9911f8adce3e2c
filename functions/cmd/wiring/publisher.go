//go:build !lambda

package wiring

// publish decides where the platform's events go: to the broker.
func (p *Platform) publish() error {
	p.Publisher = p.Broker
	return nil
}
