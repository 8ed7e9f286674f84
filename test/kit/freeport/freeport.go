// Package freeport finds TCP ports for servers that cannot choose a port themselves.
package freeport

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
)

// The ports from which Find chooses: from lowest up to the first port that the kernel gives to outgoing connections.
const (
	lowest      = 10000
	kernelRange = "/proc/sys/net/ipv4/ip_local_port_range"
	tries       = 100
)

// Find returns a loopback port on which nothing listens. The kernel does not give the port to outgoing connections.
// Otherwise another process could get the port for a connection while a server is restarted. A client could even
// connect to itself: TCP allows it if the client gets the port of the stopped server.
//
// Another process can still listen on the port before the caller does, so the caller must be ready to try again.
func Find() (int, error) {
	var first, last int
	if said, err := os.ReadFile(kernelRange); err == nil {
		_, _ = fmt.Sscan(string(said), &first, &last)
	}
	if first <= lowest { // unknown, or no ports are left below the range
		return listen(0)
	}
	var errs error
	for range tries {
		port, err := listen(lowest + rand.N(first-lowest))
		if err == nil {
			return port, nil
		}
		errs = errors.Join(errs, err)
	}
	return 0, errs
}

// listen listens on a loopback port for a moment, and returns the port. If port is 0, the kernel chooses one.
func listen(port int) (int, error) {
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
	if err != nil {
		return 0, err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}
