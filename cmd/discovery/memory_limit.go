package main

import (
	"runtime"
	"runtime/debug"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

// limitMemory sets the garbage collector's memory limit to nine tenths of what the process
// may use, so that a process near its limit collects more often instead of being killed. It
// does not override GOMEMLIMIT. Errors: bound cannot be read; no limit is set then.
func limitMemory(bound memlimit.Provider) error {
	_, err := memlimit.Set(memlimit.WithProvider(bound))
	return err
}

// releaseStartupMemory returns to the system the memory that only the start needed: reading
// the migrations takes 8 MiB. Otherwise it would be released after the second collection
// from now, and an idle process collects every two minutes. The first collection empties the
// pools.
func releaseStartupMemory() {
	runtime.GC()
	debug.FreeOSMemory()
}
