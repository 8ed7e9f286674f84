package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
)

// mailbox sends unique events to the webhooks of several connections. It records which events were
// accepted.
type mailbox struct {
	services    []*service // the same service, once with the token of each tenant
	paths       []string
	connections []string // the ids of the connections of paths
	before      string   // the part of the event's body before the id
	after       string

	mu       sync.Mutex
	accepted map[string]bool
	pending  [][]string // the ids that each client has sent, in order; the id of an accepted event starts with +
}

// manyConnections is the number of connections among which a load distributes its webhooks.
const manyConnections = 32

// mailbox creates manyConnections connections, each with one webhook, and returns a mailbox for them.
func (s *service) mailbox(ctx context.Context, v *vendor) (*mailbox, error) {
	return s.mailboxOf(ctx, v, 1)
}

// mailboxOf works like mailbox, but distributes the connections evenly among several tenants. One of them is the tenant
// of s.
func (s *service) mailboxOf(ctx context.Context, v *vendor, tenants int) (*mailbox, error) {
	m := &mailbox{services: []*service{s}, accepted: map[string]bool{}}
	for len(m.services) < tenants {
		e, other := *s.env, *s
		if err := e.newTenant(ctx); err != nil {
			return nil, err
		}
		other.env = &e
		m.services = append(m.services, &other)
	}
	id := uuid.NewString()
	body, err := v.sim.Payload(pluggysim.Event{Name: "item/updated", ItemID: demoItem, ID: id})
	if err != nil {
		return nil, err
	}
	m.before, m.after, _ = strings.Cut(string(body), id)
	for i := range manyConnections {
		s, name := m.services[i%tenants], "mailbox-"+strconv.Itoa(i)
		connection, err := s.connectItem(ctx, v, name, itemAlias(i))
		if err != nil {
			return nil, err
		}
		m.connections = append(m.connections, connection)
		path, err := s.mint(ctx, name)
		if err != nil {
			return nil, err
		}
		m.paths = append(m.paths, path)
	}
	return m, nil
}

// pause pauses the connections: their webhooks are stored, but no pull runs.
func (m *mailbox) pause(ctx context.Context) error {
	for i, id := range m.connections {
		s := m.services[i%len(m.services)]
		err := s.call(ctx, http.MethodPost, "/aggregator-connections/"+id+"/pause", nil, http.StatusOK, nil)
		if err != nil {
			return err
		}
	}
	return nil
}

// load returns a load in which the given number of clients send new events to the addresses.
func (m *mailbox) load(clients int, addresses ...string) load {
	m.collectAccepted()
	m.pending = make([][]string, clients)
	return load{
		addresses: addresses,
		clients:   clients,
		status:    http.StatusAccepted,
		request:   m.request,
		answered:  m.recordAccepted,
	}
}

// request appends a request with a new event, signed as the vendor signs its webhooks.
func (m *mailbox) request(buf []byte, client, number int) []byte {
	id := uuid.NewString()
	m.pending[client] = append(m.pending[client], id)
	target := (client + number) % len(m.paths)
	body := strings.Replace(m.before+id+m.after, demoItem, itemAlias(target), 1)
	mac := hmac.New(sha256.New, []byte(signingKey))
	mac.Write([]byte(body))
	buf = append(buf, "POST "...)
	buf = append(buf, m.paths[target]...)
	buf = append(buf, " HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nX-Webhook-Signature: "...)
	buf = hex.AppendEncode(buf, mac.Sum(nil))
	buf = append(buf, "\r\nContent-Length: "...)
	buf = strconv.AppendInt(buf, int64(len(body)), 10)
	buf = append(buf, "\r\n\r\n"...)
	return append(buf, body...)
}

// recordAccepted marks the last event of the client as accepted.
func (m *mailbox) recordAccepted(client, _ int) {
	sent := m.pending[client]
	id := sent[len(sent)-1]
	sent[len(sent)-1] = "+" + id
}

// collectAccepted adds the accepted events of all clients to m.accepted and clears m.pending.
func (m *mailbox) collectAccepted() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, sent := range m.pending {
		for _, id := range sent {
			if rest, ok := strings.CutPrefix(id, "+"); ok {
				m.accepted[rest] = true
			}
		}
	}
	m.pending = nil
}

// verify reads every delivery of the tenants and checks that each accepted event is stored. It returns a
// summary, and an error if an event is missing.
func (m *mailbox) verify(ctx context.Context) (string, error) {
	m.collectAccepted()
	found, missing := 0, len(m.accepted)
	for _, s := range m.services {
		for cursor := ""; ; {
			var page struct {
				Items      []struct{ EventID string }
				NextCursor string
			}
			err := s.call(ctx, http.MethodGet, "/webhooks/deliveries?limit=200"+cursor, nil, http.StatusOK, &page)
			if err != nil {
				return "", err
			}
			for _, item := range page.Items {
				found++
				if m.accepted[item.EventID] {
					m.accepted[item.EventID] = false
					missing--
				}
			}
			if page.NextCursor == "" {
				break
			}
			cursor = "&cursor=" + page.NextCursor
		}
	}
	if missing > 0 {
		return "", fmt.Errorf("%d of %d accepted deliveries cannot be read back", missing, len(m.accepted))
	}
	return fmt.Sprintf("%d accepted, all read back, %d stored", len(m.accepted), found), nil
}
