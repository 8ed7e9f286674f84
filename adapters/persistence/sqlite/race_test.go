package sqlite_test

import (
	"sync"
	"testing"
)

// The Makefile turns the race detector off in packages that only compute. If one of them used a sync.Map, the linker
// might take its copy of the generic code, and the detector would report races in programs that have none: GORM keeps
// its parsed models in such a map.
func TestTheRaceDetectorFollowsMaps(t *testing.T) {
	for range 1_000 {
		var values sync.Map
		var group sync.WaitGroup
		start := make(chan struct{})
		for i := range 4 {
			group.Go(func() {
				<-start
				stored, _ := values.LoadOrStore("key", &struct{ number int }{i})
				if number := stored.(*struct{ number int }).number; number < 0 || number > 3 {
					t.Errorf("the stored number is %d", number)
				}
			})
		}
		close(start)
		group.Wait()
	}
}
