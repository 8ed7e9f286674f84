package application_test

import (
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/sqlite"
	"github.com/LerianStudio/aggregator-connections/application"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/sqlitetest"
)

// An update with the stored values, and a repeated change of a state, must not change the revision, and must not be
// recorded in the audit log.
func TestARequestWithoutEffectIsNoChange(t *testing.T) {
	d := newDispatchEnv(t, func(deps *application.Deps) {
		store := sqlitetest.Open(t, sqlite.Config{}).Store(nil)
		deps.Connections, deps.Pulls, deps.Ledger = store.Connections(), store.Pulls(), store.Ledger()
		deps.Applications, deps.Subscriptions = store.Applications(), store.Subscriptions()
		deps.AuditLog = store.AuditLog()
	})
	c, engine, a := d.createConnection("shop"), d.createEngine("warehouse"), d.createApplication("main")
	s := d.subscribe(receiverURL)
	requests := map[string]func() (int64, error){
		"connection": func() (int64, error) {
			updated, err := d.UpdateConnection(d.ctx, d.tenant, c.ID, nil, ports.ConnectionUpdate{
				Name: c.Name, BaseURL: c.BaseURL, AccountRef: c.AccountRef,
			})
			return updated.Revision - c.Revision, err
		},
		"engine": func() (int64, error) {
			updated, err := d.UpdateEngine(d.ctx, d.tenant, engine.ID, nil, ports.EngineUpdate{
				Name: engine.Name, Config: engine.Config,
			})
			return updated.Revision - engine.Revision, err
		},
		"application": func() (int64, error) {
			updated, err := d.UpdateApplication(d.ctx, d.tenant, a.ID, nil, ports.ApplicationUpdate{Name: a.Name})
			return updated.Revision - a.Revision, err
		},
		"subscription": func() (int64, error) {
			updated, err := d.UpdateSubscription(d.ctx, d.tenant, s.ID, nil, ports.SubscriptionUpdate{
				Name: "ledger", Types: []string{"transaction.*"}, Sink: requestTo(receiverURL),
			})
			return updated.Revision - s.Revision, err
		},
		"state of a subscription": func() (int64, error) {
			updated, err := d.ResumeSubscription(d.ctx, d.tenant, s.ID)
			return updated.Revision - s.Revision, err
		},
	}
	before := len(d.audited())
	for name, request := range requests {
		if raised, err := request(); err != nil || raised != 0 {
			t.Errorf("%s: the revision is raised by %d, %v", name, raised, err)
		}
	}
	if entries := d.audited(); len(entries) != before {
		t.Errorf("requests without effect are recorded: %+v", entries[:len(entries)-before])
	}
	if _, err := d.UpdateSubscription(d.ctx, d.tenant, s.ID, ports.IfMatch{s.Revision + 1}, ports.SubscriptionUpdate{
		Name: "ledger", Types: []string{"transaction.*"}, Sink: requestTo(receiverURL),
	}); domain.CodeOf(err) != domain.RevisionMismatch {
		t.Errorf("another revision: %v", err)
	}
}

// A mapping that is stored already must not be recorded again.
func TestAMappingIsRecordedWhenItChanges(t *testing.T) {
	e := newRelinkEnv(t)
	e.vendor.links["item-1"].rows = movements("a1", "x1 2026-02-01 shop")
	e.pull()
	accounts, err := e.ListAccounts(e.ctx, e.tenant, e.c.ID, domain.PageRequest{Limit: 1})
	e.noError(err)
	mapping := witness.CSVMapping{Date: "Dia", DateFormat: "dd/MM/yyyy", Amount: "Valor", Decimal: ","}
	for _, want := range []int{1, 1, 2} {
		if want == 2 {
			mapping.Description = []string{"Texto"}
		}
		e.noError(e.SetCSVMapping(e.ctx, e.tenant, accounts.Items[0].ID, mapping))
		recorded := 0
		for _, entry := range e.audited() {
			if entry.Action == "account.csv_mapping" {
				recorded++
			}
		}
		if recorded != want {
			t.Errorf("%d entries, want %d", recorded, want)
		}
	}
}

// audited returns the audit entries of the tenant, newest first.
func (e *env) audited() []domain.AuditEntry {
	e.Helper()
	_, err := e.NumberAuditEntries(e.ctx, 100)
	e.noError(err)
	entries, err := e.ListAuditEntries(e.ctx, e.tenant, domain.AuditFilter{}, domain.PageRequest{Limit: 100})
	e.noError(err)
	return entries.Items
}
