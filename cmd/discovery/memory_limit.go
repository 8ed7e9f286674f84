package main

import (
	"runtime"
	"runtime/debug"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

// limitMemory sets the memory limit of Go's garbage collector to nine tenths of the memory that the process may use.
// Near the limit, the process collects garbage more often, so that it is not killed for its use of memory.
//
// The function bound returns the amount of memory that the process may use. If bound fails, limitMemory returns an
// error and sets no limit. limitMemory does not override GOMEMLIMIT.
func limitMemory(bound memlimit.Provider) error {
	_, err := memlimit.Set(memlimit.WithProvider(bound))
	return err
}

// releaseStartupMemory releases the memory that only the start of the service needed, for example that of the
// migrations. Without this function, the operating system would get the memory back much later, because an idle process
// collects garbage only every two minutes.
//
// Two garbage collections are necessary. The first one removes the objects in the pools of reusable objects, but does
// not free their memory. The second one, in FreeOSMemory, frees this memory.
func releaseStartupMemory() {
	runtime.GC()
	debug.FreeOSMemory()
}
