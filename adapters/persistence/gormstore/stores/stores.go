// Package stores puts together the stores of package gormstore and of the packages below it. Both dialects use it.
package stores

import (
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore/erasing"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore/eventlog"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore/recordstore"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Store contains the stores of a database. Methods such as Connections, Deliveries and Pulls each return the
// implementation of one port.
type Store struct {
	*gormstore.Store

	ledger ports.Ledger
}

// New returns the stores of the database that common uses.
func New(common *gormstore.Store) *Store {
	return &Store{common, recordstore.NewLedger(common.Core())}
}

// Pulls returns the store of pulls, and of the accounts and transactions that pulls write.
func (s *Store) Pulls() ports.Pulls { return recordstore.NewPulls(s.Core()) }

// Ledger returns the store of accounts and transactions.
func (s *Store) Ledger() ports.Ledger { return s.ledger }

// Erasures returns the store of erasures.
func (s *Store) Erasures() ports.Erasures { return erasing.New(s.Core()) }

// Subscriptions returns the store of subscriptions and their events.
func (s *Store) Subscriptions() ports.Subscriptions { return eventlog.New(s.Core()) }

// MatcherEntries returns the store of the records that subscriptions send to Matcher.
func (s *Store) MatcherEntries() ports.MatcherEntries { return eventlog.NewMatcherEntries(s.Core()) }
