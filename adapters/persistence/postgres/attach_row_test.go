package postgres

import (
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"
)

// unreadable is a row that cannot be scanned.
type unreadable struct{ pgx.CollectableRow }

var errUnreadable = errors.New("a row of another shape")

func (unreadable) Scan(...any) error { return errUnreadable }

// A row that cannot be read names no knock.
func TestARowThatCannotBeReadIsAnError(t *testing.T) {
	if _, err := scanAttachRow(unreadable{}); !errors.Is(err, errUnreadable) {
		t.Errorf("got %v", err)
	}
}
