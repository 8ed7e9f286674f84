package main

import (
	"runtime"
	"runtime/debug"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

// limitMemory has the garbage collector keep within nine tenths of what the process may
// take, so that a process near its bound collects more often and is not killed. It leaves
// alone what GOMEMLIMIT sets. Errors: the bound cannot be read; no limit is set then.
func limitMemory(bound memlimit.Provider) error {
	_, err := memlimit.Set(memlimit.WithProvider(bound))
	return err
}

// giveBack returns to the system what only the start needed: reading the migrations alone
// takes 8 MiB. By itself that would go with the second collection from now, and a process
// with nothing to do collects every two minutes. The first collection empties the pools.
func releaseStartupMemory() {
	runtime.GC()
	debug.FreeOSMemory()
}
