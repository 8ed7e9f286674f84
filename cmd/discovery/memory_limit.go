package main

import (
	"runtime"
	"runtime/debug"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

// limitMemory sets the memory limit of Go's garbage collector to nine tenths of the memory that the process may use, as
// reported by bound. A process that comes close to its limit then collects garbage more often, and is not killed for
// using too much memory. limitMemory does not override GOMEMLIMIT. If bound cannot be read, it returns an error and
// sets no limit.
func limitMemory(bound memlimit.Provider) error {
	_, err := memlimit.Set(memlimit.WithProvider(bound))
	return err
}

// releaseStartupMemory returns to the operating system the memory that only the start of the service needed. Reading
// the migrations, for example, takes 8 MiB. Two garbage collections are necessary, because the first one only empties
// the pools of reusable objects. FreeOSMemory performs the second one. Without this function the memory would be
// released much later, because an idle process collects garbage only every two minutes.
func releaseStartupMemory() {
	runtime.GC()
	debug.FreeOSMemory()
}
