package application

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// evidenceAttempts is the maximum number of attempts to read the evidence of a closed period. Another attempt is
// necessary if the period was closed again during the previous one.
const evidenceAttempts = 3

// errClosedAgain reports that a day was closed again since its audit entry was read.
var errClosedAgain = errors.New("the day was closed again meanwhile")

// WriteEvidence implements ports.Closing. It reads the audit entry before it opens the snapshot of the records, because
// reading the entry may require numbering it first.
func (s *Service) WriteEvidence(ctx context.Context, tenant domain.TenantID, account domain.AccountID,
	date domain.Date, writer func(context.Context, ports.Evidence) error,
) error {
	return s.withShare(ctx, s.statementShares, tenant, func() (err error) {
		for range evidenceAttempts {
			if err = s.writeEvidence(ctx, tenant, account, date, writer); !errors.Is(err, errClosedAgain) {
				break
			}
		}
		return err
	})
}

// writeEvidence makes one attempt of WriteEvidence. Errors: those of WriteEvidence, and errClosedAgain.
func (s *Service) writeEvidence(ctx context.Context, tenant domain.TenantID, account domain.AccountID,
	date domain.Date, writer func(context.Context, ports.Evidence) error,
) error {
	var closed books.Close
	err := s.Ledger.ReadClose(ctx, tenant, account, date, func(view ports.ClosedView) error {
		closed = view.Close
		return nil
	})
	if err != nil {
		return err
	}
	proven, err := s.auditLog.Prove(ctx, tenant, domain.AuditFilter{
		Action: closeAction, Object: closeObject(account, date),
		From: closed.ClosedAt, To: closed.ClosedAt.Add(time.Microsecond),
	})
	recorded := proven.Entry.Detail.Hashes[books.DigestMember]
	if errors.Is(err, domain.NotFound) || err == nil && recorded != closed.Digest {
		err = &domain.Error{Kind: domain.Conflict, Code: domain.NoEvidence}
	}
	if err != nil {
		return err
	}
	witnesses, err := s.BankStatements.Overviews(ctx, tenant, account)
	if err != nil {
		return err
	}
	return s.Ledger.ReadClose(ctx, tenant, account, date, func(view ports.ClosedView) error {
		if !view.Close.ClosedAt.Equal(closed.ClosedAt) {
			return errClosedAgain
		}
		view.Close = view.Close.WithWitness(witnesses)
		return writer(ctx, ports.Evidence{
			ClosedView: view, ProvenEntry: proven,
			Document: func(w io.Writer) error {
				st, err := view.Close.Document()
				if err != nil {
					return err
				}
				return s.CloseDocument.Write(w, st, s.statementRecords(ctx, tenant, view.Posted, st))
			},
		})
	})
}
