package rest

import (
	"context"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
	"github.com/LerianStudio/aggregator-connections/ports"
)

func bankStatementFixture(account domain.AccountID) ports.BankStatementView {
	balance := witness.StatedBalance{
		Amount: new(
			decimal.RequireFromString("100.5"),
		),
		Date:   "2025-12-31",
		Source: witness.Field,
		State:  witness.Proved,
	}
	s := witness.BankStatement{
		ID: witness.BankStatementID{UUID: someID}, Tenant: tenantA, Account: account, State: witness.StateCompared,
		Reading: witness.Reading{
			Name: "extrato.ofx", Bytes: 3, SHA256: "ab", Format: witness.OFX, Encoding: "utf-8",
			Account: witness.Account{Bank: "0341", Number: "1-2"}, Match: witness.MatchExact, Currency: "BRL",
			Counts:   witness.Counts{Blocks: 1, Lines: 1},
			Warnings: []witness.Warning{{Code: witness.RepeatedIDs, Blocks: []int{1}}},
		},
		Comparison: &witness.Result{
			At: moment, Verdict: witness.Differs, Covered: []domain.Window{{From: "2025-12-01", To: "2025-12-31"}},
			Basis: witness.BasisBalances, Opening: balance, Closing: balance,
			Buckets:       map[witness.Bucket]witness.Total{witness.OnlyTheirs: {Count: 1, Sum: decimal.New(-5, 0)}},
			Balances:      []witness.ComparedBalance{{Date: "2025-12-31", Theirs: *balance.Amount}},
			FirstDayApart: "2025-12-02",
		},
		Decisions:  []witness.Decision{{Kind: witness.Explained, Lines: []int{1}, Note: "n", By: "maria", At: moment}},
		UploadedBy: "maria", UploadedAt: moment, Changes: 2, ComparedChanges: 1,
	}
	return ports.BankStatementView{
		BankStatement: s, Previous: &witness.Previous{ID: witness.BankStatementID{UUID: otherID}, GapDays: 1},
	}
}

func (f *fake) AddBankStatement(_ context.Context, _ domain.TenantID, account domain.AccountID,
	file ports.BankStatementFile,
) (ports.BankStatementView, bool, error) {
	return bankStatementFixture(account), true, f.record(file)
}

func (f *fake) AddWitnessAccount(_ context.Context, _ domain.TenantID, account, _ domain.AccountID,
	days domain.Window,
) (ports.BankStatementView, bool, error) {
	return bankStatementFixture(account), false, f.record(days)
}

func (f *fake) ListBankStatements(_ context.Context, _ domain.TenantID, account domain.AccountID,
	filter ports.BankStatementFilter, page domain.PageRequest,
) (domain.Page[ports.BankStatementView], error) {
	return onePage(f, filter, page, bankStatementFixture(account))
}

func (f *fake) GetBankStatement(
	_ context.Context, _ domain.TenantID, id witness.BankStatementID,
) (ports.BankStatementView, error) {
	return bankStatementFixture(domain.AccountID{UUID: otherID}), f.record(id)
}

func (f *fake) ListBankStatementLines(_ context.Context, _ domain.TenantID, _ witness.BankStatementID,
	bucket witness.Bucket, page domain.PageRequest,
) (domain.Page[witness.Finding], error) {
	return onePage(f, bucket, page, witness.Finding{
		Position: 1, Date: "2025-12-02", Amount: decimal.New(-5, 0), Text: "PIX", Bucket: witness.Different,
		IDs:     []witness.ID{{Kind: "FITID", Value: "1"}},
		Records: []domain.TransactionID{{UUID: someID}}, MatchedBy: witness.ByText,
		Different: map[string]witness.Difference{"amount": {Theirs: "-5", Ours: "-6"}},
		Equal:     &witness.Equal{Theirs: 2, Ours: 1},
	})
}

func (f *fake) CompareAgain(
	ctx context.Context, tenant domain.TenantID, id witness.BankStatementID,
) (ports.BankStatementView, error) {
	return f.GetBankStatement(ctx, tenant, id)
}

func (f *fake) DecideBankStatement(_ context.Context, _ domain.TenantID, _ witness.BankStatementID,
	d witness.Decision,
) (ports.BankStatementView, error) {
	return bankStatementFixture(domain.AccountID{UUID: otherID}), f.record(d)
}

func (f *fake) WithdrawBankStatement(
	_ context.Context, _ domain.TenantID, id witness.BankStatementID, match ports.IfMatch,
) error {
	f.match = match
	return f.record(id)
}

func (f *fake) BankStatementFile(
	_ context.Context, _ domain.TenantID, id witness.BankStatementID,
) ([]byte, string, error) {
	return []byte("OFX"), `a "b".ofx`, f.record(id)
}

func (f *fake) SetCSVMapping(
	_ context.Context, _ domain.TenantID, _ domain.AccountID, m witness.CSVMapping,
) error {
	return f.record(m)
}

func (f *fake) AccountCoverage(
	_ context.Context, _ domain.TenantID, _ domain.AccountID, from, to domain.Date,
) ([]ports.MonthCoverage, error) {
	return []ports.MonthCoverage{{
		Month: "2025-12", Feed: "complete", CoversTo: "2025-12-31",
		Statement: witness.Coverage{Verdict: witness.Agrees, IDs: []witness.BankStatementID{{UUID: someID}}},
	}}, f.record(domain.Window{From: from, To: to})
}
