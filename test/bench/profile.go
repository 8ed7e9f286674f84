package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
)

// profiled returns a function that wraps a measurement. While the wrapped measurement runs, a CPU profile of the
// service is taken, and afterwards an allocation profile. The names of the profile files begin with the given name.
// Without the flag -profile, the returned function does not change the measurement.
func (b *bench) profiled(s *service, name string) (func(side) side, error) {
	if b.profile == "" {
		return func(measure side) side { return measure }, nil
	}
	if err := os.MkdirAll(b.profile, 0o750); err != nil {
		return nil, err
	}
	return func(measure side) side {
		return func(ctx context.Context) (float64, error) {
			taken := make(chan error, 1)
			go func() {
				taken <- s.fetch(
					ctx, fmt.Sprintf("profile?seconds=%d", b.seconds),
					filepath.Join(b.profile, name+".cpu.pprof"),
				)
			}()
			figure, err := measure(ctx)
			if failed := <-taken; err == nil {
				err = failed
			}
			if err == nil {
				err = s.fetch(ctx, "allocs", filepath.Join(b.profile, name+".allocs.pprof"))
			}
			return figure, err
		}
	}, nil
}

// fetch gets the profile /debug/pprof/<what> from the service and stores it in a file.
func (s *service) fetch(ctx context.Context, what, file string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.admin+"/debug/pprof/"+what, nil)
	if err != nil {
		return err
	}
	response, err := s.client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	into, err := os.Create(file)
	if err != nil {
		return err
	}
	if _, err = io.Copy(into, response.Body); err != nil {
		return err
	}
	return into.Close()
}
