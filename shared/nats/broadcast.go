package nats

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go"
)

// Notify tells every process that listens to topic, now. It is a hint: nobody
// holds it, and who is away misses it. topic is "config.changed" and the like.
func (b *Broker) Notify(ctx context.Context, topic string, data []byte) error {
	if err := checkType(topic); err != nil {
		return err
	}
	conn, _, err := b.connect()
	if err != nil {
		return unavailable(err)
	}
	if err := conn.Publish(b.cfg.Prefix+"-hint."+topic, data); err != nil {
		return unavailable(err)
	}
	ctx, cancel := context.WithTimeout(ctx, b.cfg.Timeout)
	defer cancel()
	if err := conn.FlushWithContext(ctx); err != nil {
		return unavailable(err)
	}
	return nil
}

// Listen calls hear for every hint on topic until ctx ends. It survives a server
// that is away; hear must not block.
func (b *Broker) Listen(ctx context.Context, topic string, hear func(data []byte)) error {
	if err := checkType(topic); err != nil {
		return err
	}
	conn, _, err := b.connect()
	if err != nil {
		return unavailable(err)
	}
	sub, err := conn.Subscribe(b.cfg.Prefix+"-hint."+topic, func(m *nats.Msg) { hear(m.Data) })
	if err != nil {
		return fmt.Errorf("listen to %s: %w", topic, err)
	}
	<-ctx.Done()
	_ = sub.Unsubscribe() // the connection may be gone already, and with it the subscription
	return nil
}
