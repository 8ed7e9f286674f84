package pluggysim_test

import (
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
)

func TestARefreshEndsAfterItsTime(t *testing.T) {
	e := serve(t, pluggysim.Options{RefreshTime: 20 * time.Millisecond})
	e.clock.advance(time.Hour)
	e.send("PATCH", "/items/"+pluggysim.DemoItemID, "{}")
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		item, err := e.UpdateItem(pluggysim.DemoItemID, func(*pluggysim.Item) {})
		if err != nil {
			t.Fatal(err)
		}
		if item.Status == "UPDATED" && item.ExecutionStatus == "SUCCESS" && item.LastUpdatedAt == item.UpdatedAt {
			return
		}
		if item.Status != "UPDATING" || time.Now().After(end) {
			t.Fatalf("the item is %s, %s", item.Status, item.ExecutionStatus)
		}
	}
}
