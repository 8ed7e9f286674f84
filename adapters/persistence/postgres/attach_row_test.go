package postgres

import (
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"
)

// unscannable is a row whose Scan always fails.
type unscannable struct{ pgx.CollectableRow }

var errUnscannable = errors.New("a row of another shape")

func (unscannable) Scan(...any) error { return errUnscannable }

// If a row cannot be scanned, it is unknown to which delivery it belongs, so the whole batch must
// fail.
func TestARowThatCannotBeScannedIsAnError(t *testing.T) {
	if _, err := scanBound(unscannable{}); !errors.Is(err, errUnscannable) {
		t.Errorf("got %v", err)
	}
}
