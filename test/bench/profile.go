package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
)

// profiled returns a function that wraps a measurement. The wrapped measurement also takes a CPU profile of the service
// while it runs, and an allocation profile afterwards. The names of the profile files begin with the given name.
// Without the flag -profile, the measurement is not changed.
func (b *bench) profiled(s *service, name string) (func(variant) variant, error) {
	if b.profile == "" {
		return func(measure variant) variant { return measure }, nil
	}
	if err := os.MkdirAll(b.profile, 0o750); err != nil {
		return nil, err
	}
	return func(measure variant) variant {
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

// fetch gets the named profile from the path /debug/pprof/ of the service, and stores it in a file.
func (s *service) fetch(ctx context.Context, name, file string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.admin+"/debug/pprof/"+name, nil)
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
