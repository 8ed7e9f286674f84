// Package mutant contains the functions that the command mutation writes into the code under test. Each of them
// computes what the code computed before, unless the mutant with the given number is active.
//
// The environment variable MUTANT contains the number of the active mutant. If the environment variable MUTANT_TRACE
// contains the name of a file, the process sets a byte of the file for each mutant whose code it runs. The file must be
// large enough.
package mutant

import (
	"cmp"
	"os"
	"strconv"
	"syscall"
)

// Environment variables of a process that runs tests.
const (
	ActiveVariable = "MUTANT"
	TraceVariable  = "MUTANT_TRACE"
)

// The variables are read-only after the start of the process, except for the bytes of reached.
var (
	active, _ = strconv.Atoi(os.Getenv(ActiveVariable))
	reached   = trace(os.Getenv(TraceVariable))
)

// trace maps a file into memory. It returns nil if name is "".
func trace(name string) []byte {
	if name == "" {
		return nil
	}
	file, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		panic(err)
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		panic(err)
	}
	bytes, err := syscall.Mmap(
		int(file.Fd()), 0, int(info.Size()), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED,
	)
	if err != nil {
		panic(err)
	}
	return bytes
}

// is reports whether the mutant is active. If there is a trace file, it also records that the mutant's code runs.
func is(id int) bool {
	if reached != nil {
		reached[id] = 1
	}
	return id == active
}

// Number is the constraint of the arithmetic operators.
type Number interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~uintptr |
		~float32 | ~float64
}

// Integer is the constraint of the operator %.
type Integer interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~uintptr
}

// Keep reports whether a statement runs. It returns false if the mutant is active.
func Keep(id int) bool { return !is(id) }

// Not returns v. If the mutant is active, it returns the opposite.
func Not(id int, v bool) bool { return v != is(id) }

// And returns x && y(). If the mutant is active, it returns x || y().
func And(id int, x bool, y func() bool) bool {
	if is(id) {
		return x || y()
	}
	return x && y()
}

// Or returns x || y(). If the mutant is active, it returns x && y().
func Or(id int, x bool, y func() bool) bool {
	if is(id) {
		return x && y()
	}
	return x || y()
}

// Less returns x < y. If the mutant is active, it returns x <= y.
func Less[T cmp.Ordered](id int, x, y T) bool { return is(id) && x == y || x < y }

// AtMost returns x <= y. If the mutant is active, it returns x < y.
func AtMost[T cmp.Ordered](id int, x, y T) bool { return !is(id) && x == y || x < y }

// Greater returns x > y. If the mutant is active, it returns x >= y.
func Greater[T cmp.Ordered](id int, x, y T) bool { return is(id) && x == y || x > y }

// AtLeast returns x >= y. If the mutant is active, it returns x > y.
func AtLeast[T cmp.Ordered](id int, x, y T) bool { return !is(id) && x == y || x > y }

// Add returns x + y. If the mutant is active, it returns x - y.
func Add[T Number](id int, x, y T) T {
	if is(id) {
		return x - y
	}
	return x + y
}

// Subtract returns x - y. If the mutant is active, it returns x + y.
func Subtract[T Number](id int, x, y T) T {
	if is(id) {
		return x + y
	}
	return x - y
}

// Multiply returns x * y. If the mutant is active, it returns x / y.
func Multiply[T Number](id int, x, y T) T {
	if is(id) {
		return x / y
	}
	return x * y
}

// Divide returns x / y. If the mutant is active, it returns x * y.
func Divide[T Number](id int, x, y T) T {
	if is(id) {
		return x * y
	}
	return x / y
}

// Remainder returns x % y. If the mutant is active, it returns x * y.
func Remainder[T Integer](id int, x, y T) T {
	if is(id) {
		return x * y
	}
	return x % y
}

// Negated returns v. If the mutant is active, it returns -v.
func Negated[T Number](id int, v T) T {
	if is(id) {
		return -v
	}
	return v
}
