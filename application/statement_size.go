package application

import (
	"context"
	"errors"
	"iter"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// checkSize measures the document of a statement. If it is too large, checkSize returns an Oversized error
// (document_too_large) with the LastDay of the largest document that fits.
func (s *Service) checkSize(
	ctx context.Context, tenant domain.TenantID, view ports.AccountView, q ports.StatementQuery, st books.Statement,
) error {
	m, err := measure(q, st, s.statementRecords(ctx, tenant, view.Posted, st))
	if err != nil || m.fits {
		return err
	}
	day := m.lastRead
	if day == "" {
		day = st.Period.To
	}
	last, err := s.lastDayThatFits(ctx, tenant, view, q, st, day)
	if err != nil {
		return err
	}
	return &domain.Error{Kind: domain.Oversized, Code: domain.DocumentTooLarge, LastDay: last}
}

// lastDayThatFits returns the latest day up to which the statement fits; "" if not even the statement of the first
// day fits.
//
// day is the first day that is tried. It is the date of the record at which the document of the whole period was
// found to be too large. The document up to this day may still fit, because a shorter period may have a shorter
// header. The days before it are also tried, because a format may write a record later than it reads the record.
func (s *Service) lastDayThatFits(
	ctx context.Context, tenant domain.TenantID, view ports.AccountView, q ports.StatementQuery, whole books.Statement,
	day domain.Date,
) (domain.Date, error) {
	q.Window = whole.Period
	for day >= whole.Period.From && day != "" {
		q.Window.To = day
		st, err := s.statement(ctx, tenant, view, q)
		if err != nil {
			return "", err
		}
		m, err := measure(q, st, s.statementRecords(ctx, tenant, view.Posted, st))
		switch {
		case err != nil:
			return "", err
		case m.fits:
			return dayBeforeNext(ctx, view, domain.Window{From: day.AddDays(1), To: whole.Period.To}, day)
		case st.Credits.Count+st.Debits.Count == 0:
			return "", nil // not even a document without records fits
		case m.lastRead == "": // the header is too large; that of a document without records may be smaller
			m.lastRead, err = firstDay(ctx, view, q.Window)
		}
		if err != nil {
			return "", err
		}
		day = min(day.AddDays(-1), m.lastRead)
	}
	return "", nil
}

// firstDay returns the date of the first record of the window; "" if the window has none.
func firstDay(ctx context.Context, view ports.AccountView, window domain.Window) (domain.Date, error) {
	for record, err := range view.Posted(ctx, window) {
		return record.Date, err
	}
	return "", nil
}

// dayBeforeNext returns the day before the date of the first record of the window; day if the window has no records.
func dayBeforeNext(
	ctx context.Context, view ports.AccountView, window domain.Window, day domain.Date,
) (domain.Date, error) {
	next, err := firstDay(ctx, view, window)
	if err != nil || next == "" {
		return day, err
	}
	return next.AddDays(-1), nil
}

// measurement is the result of measuring a document.
type measurement struct {
	fits bool
	// lastRead is the date of the last record that the format has read; "" if it has read no record.
	lastRead domain.Date
}

// measure writes the document of a statement, without storing it, until the document is larger than q.MaxBytes.
func measure(
	q ports.StatementQuery, st books.Statement, records iter.Seq2[books.StatementRecord, error],
) (m measurement, err error) {
	limit := &sizeLimit{left: q.MaxBytes}
	err = q.Format.Write(limit, st, func(yield func(books.StatementRecord, error) bool) {
		for record, err := range records {
			if err == nil {
				m.lastRead = record.Date
			}
			if !yield(record, err) {
				return
			}
		}
	})
	if limit.exceeded {
		return m, nil
	}
	m.fits = err == nil
	return m, err
}

// sizeLimit is an io.Writer that returns an error when more bytes are written than its limit allows.
type sizeLimit struct {
	left     int64
	exceeded bool
}

var errTooManyBytes = errors.New("the document is too large")

// Write implements io.Writer.
func (l *sizeLimit) Write(p []byte) (int, error) {
	if l.left -= int64(len(p)); l.left < 0 {
		l.exceeded = true
		return 0, errTooManyBytes
	}
	return len(p), nil
}
