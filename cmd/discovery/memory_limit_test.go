package main

import (
	"errors"
	"math"
	"runtime/debug"
	"testing"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

func TestMemoryLimitIsNineTenthsOfTheBound(t *testing.T) {
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(-1))
	const mebi = 1 << 20
	unreadable := errors.New("no cgroup")
	for name, c := range map[string]struct {
		environment string
		bound       memlimit.Provider
		want        int64
		fails       error
	}{
		"a container's":  {"", memlimit.Limit(200 * mebi), 180 * mebi, nil},
		"none":           {"", func() (uint64, error) { return 0, memlimit.ErrNoLimit }, math.MaxInt64, nil},
		"unreadable":     {"", func() (uint64, error) { return 0, unreadable }, 512 * mebi, unreadable},
		"GOMEMLIMIT set": {"512MiB", memlimit.Limit(200 * mebi), 512 * mebi, nil},
	} {
		t.Run(name, func(t *testing.T) {
			debug.SetMemoryLimit(512 * mebi)
			if c.environment != "" {
				t.Setenv("GOMEMLIMIT", c.environment)
			}
			if err := limitMemory(c.bound); !errors.Is(err, c.fails) {
				t.Errorf("got %v, want %v", err, c.fails)
			}
			if got := debug.SetMemoryLimit(-1); got != c.want {
				t.Errorf("the limit is %d, want %d", got, c.want)
			}
		})
	}
}
