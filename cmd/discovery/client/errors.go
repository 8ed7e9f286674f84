package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"syscall"
	"time"

	discovery "github.com/LerianStudio/aggregator-connections/clients/go"
)

// tokenHint is the part of a message that explains how to get a token.
const tokenHint = "get one from your identity provider, or in development with: discovery token TENANT"

// defaultRetryAfter is the delay after a temporary failure whose response does not contain a delay.
const defaultRetryAfter = 2 * time.Second

// explain returns an error whose message tells the caller what to do. It returns nil if err is nil, or
// if the reader of the output has closed the pipe, as "head" does.
func explain(err error) error {
	var failure *discovery.APIError
	var unreachable *url.Error
	switch {
	case err == nil || errors.Is(err, syscall.EPIPE):
		return nil
	case errors.As(err, &failure):
		return explainResponse(failure)
	case errors.Is(err, context.Canceled):
		return errors.New("interrupted")
	case errors.As(err, &unreachable):
		return fmt.Errorf("the service does not respond: %s; check %s", printable(unreachable.Err.Error()), urlVariable)
	}
	return err
}

// explainResponse returns the error for a failed response. It returns a UsageError for a response with status 400,
// because the request consists only of the arguments of the command, so one of them must be invalid.
func explainResponse(failure *discovery.APIError) error {
	message := printable(failure.Error())
	var hint string
	switch status := failure.Status; {
	case status == http.StatusBadRequest:
		return UsageError{errors.New(message)}
	case status == http.StatusUnauthorized:
		hint = "the token in " + tokenVariable + " is expired or not valid; " + tokenHint
	case status == http.StatusForbidden:
		hint = "the token lacks a scope: discovery:read to read, discovery:write to change"
	case status == http.StatusPreconditionFailed:
		hint = "it was changed meanwhile; run the command again"
	case status == http.StatusRequestEntityTooLarge && failure.Problem != nil && failure.Problem.To != nil:
		hint = "the statement fits up to " + failure.Problem.To.String()
	case temporary(failure):
		hint = fmt.Sprintf("try again in %s", retryDelay(failure))
	default:
		return errors.New(message)
	}
	return fmt.Errorf("%s; %s", message, hint)
}

// vendorRefused is the problem code of a request that the vendor refuses.
const vendorRefused = "MTCH-0022"

// temporary reports whether the same request can succeed later. A refusal by the vendor is final.
func temporary(failure *discovery.APIError) bool {
	if failure.Problem != nil && failure.Problem.Code == vendorRefused {
		return false
	}
	return failure.Status == http.StatusTooManyRequests || failure.Status >= http.StatusInternalServerError
}

// retryDelay returns the delay that the response asks for, but at least one second. If the response contains no
// delay, it returns defaultRetryAfter.
func retryDelay(failure *discovery.APIError) time.Duration {
	seconds, err := strconv.Atoi(failure.RetryAfter)
	if err != nil || seconds < 0 {
		return defaultRetryAfter
	}
	return time.Duration(max(1, seconds)) * time.Second
}

// retry calls fn until it succeeds or fails permanently. It reports each temporary failure.
func (s *session) retry(fn func() error) error {
	for {
		err := fn()
		var failure *discovery.APIError
		var unreachable *url.Error
		delay := defaultRetryAfter
		switch {
		case err == nil || s.cmd.Context().Err() != nil:
			return err
		case errors.As(err, &failure) && temporary(failure):
			delay = retryDelay(failure)
		case errors.As(err, &unreachable):
		default:
			return err
		}
		s.printNote("%v; retrying in %s", explain(err), delay)
		if err := s.pause(delay); err != nil {
			return err
		}
	}
}

// pause waits for d, or until the command is interrupted.
func (s *session) pause(d time.Duration) error {
	select {
	case <-s.cmd.Context().Done():
		return s.cmd.Context().Err()
	case <-time.After(d):
		return nil
	}
}

// untilInterrupted returns nil if the caller interrupted the command, and err otherwise. For a command that
// runs until it is stopped, an interrupt is not a failure.
func untilInterrupted(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
