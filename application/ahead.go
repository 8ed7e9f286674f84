package application

import "sync/atomic"

// ahead gives what next gives, in its order, and begins the item after one as soon as that
// one is taken. Nothing is begun behind the last item, nor behind a failure.
type ahead[T any] struct {
	beside func(work func()) (wait func())
	next   func() (T, bool, error)

	wait   func() // for the item that is under way; nil before the first
	item   T
	more   bool // items come behind it
	err    error
	ready  atomic.Bool // the item is there
	wanted atomic.Bool // somebody waits for it
}

func (a *ahead[T]) begin() {
	a.ready.Store(false)
	a.wait = a.beside(func() {
		a.item, a.more, a.err = a.next()
		a.ready.Store(true)
	})
}

// take waits for the next item; more says whether one comes behind it. It is not to be
// called behind the last item or a failure.
func (a *ahead[T]) take() (item T, more bool, err error) {
	a.wanted.Store(true)
	if a.wait == nil {
		a.begin()
	}
	a.wait()
	a.wanted.Store(false)
	item, more, err = a.item, a.more, a.err
	if more && err == nil {
		a.begin()
	}
	return item, more, err
}

// peek gives the item that take would, if that is there and no failure. It may be called
// where take may.
func (a *ahead[T]) peek() (item T, there bool) {
	if a.wait == nil || !a.ready.Load() || a.err != nil {
		return item, false
	}
	return a.item, true
}

// end returns when nothing goes on any more.
func (a *ahead[T]) end() {
	if a.wait != nil {
		a.wait()
	}
}
