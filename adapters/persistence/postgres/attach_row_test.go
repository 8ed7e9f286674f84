package postgres

import (
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"
)

// unscannable is a row that cannot be scanned.
type unscannable struct{ pgx.CollectableRow }

var errUnscannable = errors.New("a row of another shape")

func (unscannable) Scan(...any) error { return errUnscannable }

// A row that cannot be scanned belongs to no delivery, so that the batch must fail.
func TestARowThatCannotBeScannedIsAnError(t *testing.T) {
	if _, err := scanAttachRow(unscannable{}); !errors.Is(err, errUnscannable) {
		t.Errorf("got %v", err)
	}
}
