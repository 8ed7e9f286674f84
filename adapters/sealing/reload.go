package sealing

import (
	"fmt"
	"io/fs"
	"os"
	"time"
)

// lookEvery spaces the looks at the file that nothing but time calls for.
const lookEvery = time.Second

// current gives the keys in use, after a look at the file if the last one is old. The
// one caller whose swap succeeds looks; the others do not wait for it.
func (k *Keyset) current() *ring {
	now, last := k.opts.Now().UnixNano(), k.looked.Load()
	if time.Duration(now-last) >= lookEvery && k.looked.CompareAndSwap(last, now) {
		k.refresh()
	}
	return k.ring.Load()
}

// knowing gives keys that know the prefix if the file has them. An unknown prefix looks
// at once, however fresh the last look: another replica may have sealed under a key that
// was promoted in between, and to refuse its row would fail a pull for good.
func (k *Keyset) knowing(p prefix) *ring {
	if r := k.current(); r.known[p] || p == (prefix{}) {
		return r
	}
	k.refresh()
	return k.ring.Load()
}

// refresh reads the file again if it has changed. Whatever is wrong with the new file,
// the keys of before stay in use and Observe is told, once for each kind of wrong.
func (k *Keyset) refresh() {
	k.reading.Lock()
	defer k.reading.Unlock()
	problem := k.reread()
	if problem != nil && problem.Error() != k.problem {
		k.opts.OnError(problem)
	}
	k.problem = ""
	if problem != nil {
		k.problem = problem.Error()
	}
}

func (k *Keyset) reread() error {
	old := k.ring.Load()
	info, err := os.Stat(k.path)
	if err != nil {
		return fmt.Errorf("%s: %w", setting, err)
	}
	if unchanged(old.read, info) {
		return nil
	}
	fresh, err := load(k.path, k.opts.KEKURI)
	if err != nil {
		return err
	}
	if !fresh.known[old.primary] {
		// Rows sealed a moment ago would not open any more: this is another keyset.
		return fault("changed to a keyset without the key in use")
	}
	k.ring.Store(fresh)
	return nil
}

func unchanged(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}
