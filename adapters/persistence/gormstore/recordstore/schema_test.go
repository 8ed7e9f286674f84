package recordstore_test

import (
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore/recordstore"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
	"github.com/LerianStudio/aggregator-connections/test/kit/storetest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func TestEveryRowHasTheColumnsOfItsTable(t *testing.T) { storetest.CheckRows(t, recordstore.Rows()...) }
