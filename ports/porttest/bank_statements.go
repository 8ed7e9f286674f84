package porttest

import (
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// bankStatementTests check the store of bank statements.
var bankStatementTests = []storeTest{
	{"a statement is reserved once for each witness of an account", bankStatementReserve},
	{"a saved statement comes back unchanged, and an old revision changes nothing", bankStatementSave},
	{"lines come back in their order, by bucket and by page", bankStatementLines},
	{"a change of a posted record near the days of a statement makes it stale and due", bankStatementStale},
	{"statements are listed by upload, newest first, with their filters", bankStatementList},
	{"only the newest comparison of a covered day needs attention", bankStatementAlerting},
	{"a mapping replaces the one before it, and makes the statements due that wait for one", bankStatementMapping},
	{"an erasure of either connection deletes the statement, its file and its lines", bankStatementErasure},
}

// reserve reserves a statement of the account with the key.
func (f *fixture) reserve(account domain.AccountID, key string) witness.BankStatement {
	f.Helper()
	s, _, err := f.BankStatements.Reserve(f.ctx, witness.BankStatement{
		ID: newID[witness.BankStatement](), Tenant: f.tenant, Account: account, Key: key,
		UploadedBy: "alice", UploadedAt: f.now(),
	}, longAfter(epoch))
	f.noError(err)
	return s
}

// comparedStatement stores a statement of February with the verdict and the findings, and returns it.
func (f *fixture) comparedStatement(
	account domain.AccountID, key string, verdict witness.Verdict, findings ...witness.Finding,
) witness.BankStatement {
	f.Helper()
	s := f.reserve(account, key)
	february := domain.Window{From: "2026-02-01", To: "2026-02-28"}
	amount := decimal.RequireFromString("10.50")
	s.State = witness.StateCompared
	s.Reading = witness.Reading{Name: "a.ofx", SHA256: key, Format: witness.OFX, Currency: "BRL", Period: february}
	s.Comparison = &witness.Result{
		At: f.now(), Verdict: verdict, Covered: []domain.Window{february}, Basis: witness.BasisDeclared,
		Opening: witness.StatedBalance{Source: witness.Absent, State: witness.Unavailable},
		Closing: witness.StatedBalance{
			Amount: &amount, Date: february.To, Source: witness.Field, State: witness.Proved,
		},
		Buckets: map[witness.Bucket]witness.Total{witness.Both: {Count: len(findings), Sum: amount}},
	}
	f.noError(f.BankStatements.Save(f.ctx, s, ports.BankStatementWrite{
		At: f.now(), File: domain.Sealed("sealed " + key), Findings: findings, SetFindings: true, Compared: true,
	}, nil))
	return f.getStatement(s.ID)
}

func (f *fixture) getStatement(id witness.BankStatementID) witness.BankStatement {
	f.Helper()
	s, err := f.BankStatements.Get(f.ctx, f.tenant, id)
	f.noError(err)
	return s
}

// claimStatement claims statements that are due until it finds the one with this id, and reports whether it was due.
// Other tests may have statements that are due.
func (f *fixture) claimStatement(id witness.BankStatementID, at time.Time) bool {
	f.Helper()
	for {
		s, err := f.BankStatements.Claim(f.ctx, at, longAfter(at), nil)
		f.noError(err)
		if s == nil || s.ID == id {
			return s != nil
		}
	}
}

func bankStatementReserve(f *fixture) {
	_, _, account := f.accountWithRows(row("1", withAccount("a")))
	first := f.reserve(account, "k")
	f.equal("state", witness.StateReading, first.State)
	f.equal("the same witness", first.ID, f.reserve(account, "k").ID)
	f.equal("listed while it is read", 0, len(f.listStatements(account, ports.BankStatementFilter{})))
	f.noError(f.BankStatements.Discard(f.ctx, f.tenant, first.ID))
	_, err := f.BankStatements.Get(f.ctx, f.tenant, first.ID)
	f.errorIs(err, domain.NotFound)
	stored := f.comparedStatement(account, "k", witness.Agrees)
	f.noError(f.BankStatements.Discard(f.ctx, f.tenant, stored.ID))
	f.equal("a saved one is not discarded", stored, f.getStatement(stored.ID))
	_, _, err = f.BankStatements.Reserve(f.ctx, witness.BankStatement{
		ID: newID[witness.BankStatement](), Tenant: f.tenant, Account: newID[domain.Account](), UploadedAt: f.now(),
	}, f.now())
	f.errorIs(err, domain.NotFound)
	_, err = f.BankStatements.Get(f.ctx, newTenant(), stored.ID)
	f.errorIs(err, domain.NotFound)
}

func bankStatementSave(f *fixture) {
	_, _, account := f.accountWithRows(row("1", withAccount("a")))
	s := f.comparedStatement(account, "k", witness.Differs)
	s.Decisions = []witness.Decision{{Kind: witness.Explained, Lines: []int{1}, Note: "n", By: "bob", At: f.now()}}
	f.noError(f.BankStatements.Save(f.ctx, s, ports.BankStatementWrite{At: f.now()}, nil))
	f.errorIs(f.BankStatements.Save(f.ctx, s, ports.BankStatementWrite{At: f.now(), DropFile: true}, nil),
		domain.RevisionMismatch)
	s.Revision++
	f.equal("saved", s, f.getStatement(s.ID))
	sealed, err := f.BankStatements.File(f.ctx, f.tenant, s.ID)
	f.noError(err)
	f.equal("file", domain.Sealed("sealed k"), sealed)
	_, err = f.BankStatements.File(f.ctx, newTenant(), s.ID)
	f.errorIs(err, domain.NotFound)
	overviews, err := f.BankStatements.Overviews(f.ctx, f.tenant, account)
	f.noError(err)
	f.equal("overviews", []witness.Overview{witness.NewOverview(s)}, overviews)
	s.Withdraw()
	f.noError(f.BankStatements.Save(f.ctx, s, ports.BankStatementWrite{
		At: f.now(), DropFile: true, SetFindings: true,
	}, nil))
	_, err = f.BankStatements.File(f.ctx, f.tenant, s.ID)
	f.errorIs(err, domain.NotFound)
}

func bankStatementLines(f *fixture) {
	_, _, account := f.accountWithRows(row("1", withAccount("a")))
	var findings []witness.Finding
	for i := range 1200 {
		bucket := witness.Both
		if i%400 == 399 {
			bucket = witness.OnlyTheirs
		}
		findings = append(findings, witness.Finding{
			Position: i + 1, Date: "2026-02-10", Amount: decimal.New(int64(i), -2), Text: fmt.Sprint("line ", i),
			Bucket: bucket,
		})
	}
	s := f.comparedStatement(account, "k", witness.Differs, findings...)
	positions := func(bucket witness.Bucket, limit int) (all []int) {
		f.Helper()
		return collectPages(f, limit, func(page domain.PageRequest) (domain.Page[int], error) {
			found, err := f.BankStatements.Lines(f.ctx, f.tenant, s.ID, bucket, page)
			lines := domain.Page[int]{Next: found.Next}
			for _, line := range found.Items {
				lines.Items = append(lines.Items, line.Position)
			}
			return lines, err
		}, nil)
	}
	var all []int
	for i := range findings {
		all = append(all, i+1)
	}
	f.equal("all", all, positions("", 170))
	f.equal("only theirs", []int{400, 800, 1200}, positions(witness.OnlyTheirs, 1))
	f.equal("of no line", 0, len(positions(witness.OnlyOurs, 5)))
	page, err := f.BankStatements.Lines(f.ctx, f.tenant, s.ID, "", domain.PageRequest{Limit: 1})
	f.noError(err)
	f.equal("a line", findings[:1], page.Items)
	_, err = f.BankStatements.Lines(f.ctx, f.tenant, s.ID, "", domain.PageRequest{
		Limit: 1, After: domain.Position{Key: "x", ID: s.ID.UUID},
	})
	f.errorIs(err, domain.Invalid)
}

func bankStatementStale(f *fixture) {
	_, l, account := f.accountWithRows(row("1", withAccount("a")))
	s := f.comparedStatement(account, "k", witness.Agrees)
	f.equal("stale", false, s.Stale())
	f.equal("due", false, f.claimStatement(s.ID, longAfter(f.now())))
	f.storeRows(l, row("far", withAccount("a"), withDate("2026-06-01")), row("2", withAccount("b")))
	f.equal("stale after changes elsewhere", false, f.getStatement(s.ID).Stale())
	f.storeRows(l, row("2", withAccount("a"), withDate("2026-02-11")))
	s = f.getStatement(s.ID)
	f.equal("stale after a change", true, s.Stale())
	f.equal("due after a change", true, f.claimStatement(s.ID, longAfter(f.now())))
	f.equal("due while it is claimed", false, f.claimStatement(s.ID, f.now()))
	f.noError(f.BankStatements.Save(f.ctx, s, ports.BankStatementWrite{At: f.now()}, nil))
	f.equal("due if it was not compared", true, f.claimStatement(s.ID, longAfter(f.now())))
	s = f.getStatement(s.ID)
	s.ComparedChanges = s.Changes
	f.noError(f.BankStatements.Save(f.ctx, s, ports.BankStatementWrite{At: f.now(), Compared: true}, nil))
	f.equal("stale after a comparison", false, f.getStatement(s.ID).Stale())
	f.equal("due after a comparison", false, f.claimStatement(s.ID, longAfter(longAfter(f.now()))))
}

func (f *fixture) listStatements(
	account domain.AccountID, filter ports.BankStatementFilter,
) []witness.BankStatementID {
	f.Helper()
	return ids(collectPages(f, 1, func(page domain.PageRequest) (domain.Page[witness.BankStatement], error) {
		return f.BankStatements.List(f.ctx, f.tenant, account, filter, page)
	}, nil), func(s witness.BankStatement) witness.BankStatementID { return s.ID })
}

func bankStatementList(f *fixture) {
	_, _, account := f.accountWithRows(row("1", withAccount("a")))
	first := f.comparedStatement(account, "1", witness.Agrees)
	second := f.comparedStatement(account, "2", witness.Differs)
	gone := f.comparedStatement(account, "3", witness.Differs)
	gone.Withdraw()
	f.noError(f.BankStatements.Save(f.ctx, gone, ports.BankStatementWrite{At: f.now(), DropFile: true}, nil))
	for name, tc := range map[string]struct {
		filter ports.BankStatementFilter
		want   []witness.BankStatementID
	}{
		"all":       {ports.BankStatementFilter{}, []witness.BankStatementID{second.ID, first.ID}},
		"a verdict": {ports.BankStatementFilter{Verdict: witness.Agrees}, []witness.BankStatementID{first.ID}},
		"withdrawn": {ports.BankStatementFilter{Withdrawn: true}, []witness.BankStatementID{gone.ID}},
		"later days": {
			ports.BankStatementFilter{Window: domain.Window{From: "2026-03-01"}}, []witness.BankStatementID{},
		},
		"a day": {ports.BankStatementFilter{
			Window: domain.Window{From: "2026-02-28", To: "2026-02-28"},
		}, []witness.BankStatementID{second.ID, first.ID}},
	} {
		f.equal(name, tc.want, append([]witness.BankStatementID{}, f.listStatements(account, tc.filter)...))
	}
}

func bankStatementAlerting(f *fixture) {
	c, _, account := f.accountWithRows(row("1", withAccount("a")))
	f.equal("since before", true, f.factsOf(c).StatementSince.IsZero())
	differing := f.comparedStatement(account, "1", witness.Differs)
	since := f.factsOf(c).StatementSince
	f.equal("since", false, since.IsZero())
	f.noError(f.BankStatements.Save(f.ctx, differing, ports.BankStatementWrite{At: f.now()}, nil))
	f.equal("since after another comparison", since, f.factsOf(c).StatementSince)
	overviews := func() map[witness.BankStatementID]bool {
		all, err := f.BankStatements.Overviews(f.ctx, f.tenant, account)
		f.noError(err)
		return witness.Alerting(all)
	}
	f.equal("one differs", 1, len(overviews()))
	f.comparedStatement(account, "2", witness.Agrees)
	f.equal("a newer one agrees", 0, len(overviews()))
	f.equal("since after that", true, f.factsOf(c).StatementSince.IsZero())
}

func bankStatementMapping(f *fixture) {
	_, _, account := f.accountWithRows(row("1", withAccount("a")))
	none, err := f.BankStatements.CSVMapping(f.ctx, f.tenant, account)
	f.noError(err)
	f.equal("before", true, none == nil)
	s := f.reserve(account, "k")
	s.Decline(witness.Refusal{Code: witness.NeedsMapping})
	f.noError(f.BankStatements.Save(f.ctx, s, ports.BankStatementWrite{At: f.now()}, nil))
	f.equal("due before", false, f.claimStatement(s.ID, longAfter(f.now())))
	for _, date := range []string{"Data", "When"} {
		m := witness.CSVMapping{Date: date, DateFormat: "dd/MM/yyyy", Amount: "Valor", Decimal: ","}
		f.noError(f.BankStatements.SaveCSVMapping(f.ctx, f.tenant, account, m, f.now(), nil))
		stored, err := f.BankStatements.CSVMapping(f.ctx, f.tenant, account)
		f.noError(err)
		f.equal("mapping", &m, stored)
	}
	f.equal("due", true, f.claimStatement(s.ID, longAfter(f.now())))
	f.errorIs(f.BankStatements.SaveCSVMapping(f.ctx, newTenant(), account, witness.CSVMapping{}, f.now(), nil),
		domain.NotFound)
}

func bankStatementErasure(f *fixture) {
	for _, erased := range []int{0, 1} {
		c, _, account := f.accountWithRows(row("1", withAccount("a")))
		other, _, second := f.accountWithRows(row("1", withAccount("a")))
		s, _, err := f.BankStatements.Reserve(f.ctx, witness.BankStatement{
			ID: newID[witness.BankStatement](), Tenant: f.tenant, Account: account, Witness: second, Key: "w",
			UploadedAt: f.now(),
		}, longAfter(epoch))
		f.noError(err)
		s.State = witness.StateRefused
		f.noError(f.BankStatements.Save(f.ctx, s, ports.BankStatementWrite{
			At: f.now(), File: domain.Sealed("sealed"), SetFindings: true,
			Findings: []witness.Finding{{Position: 1, Bucket: witness.Both}},
		}, nil))
		connection := []domain.Connection{c, other}[erased]
		f.erase(connection)
		_, err = f.BankStatements.Get(f.ctx, f.tenant, s.ID)
		f.errorIs(err, domain.NotFound)
		_, err = f.BankStatements.File(f.ctx, f.tenant, s.ID)
		f.errorIs(err, domain.NotFound)
		lines, err := f.BankStatements.Lines(f.ctx, f.tenant, s.ID, "", domain.PageRequest{Limit: 5})
		f.noError(err)
		f.equal("lines", 0, len(lines.Items))
	}
}
