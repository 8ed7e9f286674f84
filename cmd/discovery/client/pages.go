package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/spf13/cobra"

	discovery "github.com/LerianStudio/aggregator-connections/clients/go"
)

// maxPage is the maximum number of items that the API returns in one page of a list.
const maxPage = 200

// errForeignResponse is the error for a successful response that does not come from this service.
var errForeignResponse = errors.New("the response is not JSON of this service: check " + urlVariable)

// page is one page of a list. The items keep the exact text of the response.
type page struct {
	Items      []json.RawMessage `json:"items"`
	HasMore    bool              `json:"hasMore"`
	NextCursor string            `json:"nextCursor"`
}

// fetch is a function that requests one page of a list.
type fetch func(ctx context.Context, limit *int64, cursor *string) (*http.Response, error)

// seenBy returns a function that requests a page with next, and calls see with the text of the response.
func (next fetch) seenBy(see func(text []byte)) fetch {
	return func(ctx context.Context, limit *int64, cursor *string) (*http.Response, error) {
		response, err := next(ctx, limit, cursor)
		if err != nil {
			return nil, err
		}
		text, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil {
			return nil, fmt.Errorf("the response is incomplete: %w", err)
		}
		see(text)
		response.Body = io.NopCloser(bytes.NewReader(text))
		return response, nil
	}
}

// listFlags are the flags of a command that lists items.
type listFlags struct {
	limit int
	all   bool
}

func (f *listFlags) register(cmd *cobra.Command) {
	cmd.Flags().IntVar(&f.limit, "limit", 20, "maximum number of items")
	cmd.Flags().BoolVar(&f.all, "all", false, "all items, without a limit")
}

func (f *listFlags) check() error {
	if f.limit < 1 {
		return usagef("--limit must be at least 1")
	}
	return nil
}

// list prints the items of a list, page by page, and prints a note if the list has more items. It
// returns the cursor after the last printed item.
func (s *session) list(v view, flags listFlags, cursor string, next fetch) (string, error) {
	if err := flags.check(); err != nil {
		return "", err
	}
	w, err := s.writer(v, false)
	if err != nil {
		return "", err
	}
	bar := s.progressBar()
	defer bar.clear()
	printed, read := 0, 0
	for left := flags.limit; ; {
		size := maxPage
		if !flags.all {
			size = min(left, maxPage)
		}
		p, err := s.page(next, size, cursor)
		if err != nil {
			return "", err // the closing bracket is not printed, so that an incomplete array is not valid JSON
		}
		if read++; len(p.Items) > 0 || !p.HasMore {
			bar.clear()
			if err := w.write(p.Items); err != nil {
				return "", err
			}
			printed += len(p.Items)
		}
		if p.HasMore {
			bar.show(countOf(read, "page") + " read, " + countOf(printed, "item") + " found")
		}
		left -= len(p.Items)
		if p.HasMore && (p.NextCursor == "" || p.NextCursor == cursor) {
			return "", errors.New("the service announces another page without a cursor")
		}
		cursor = p.NextCursor
		if !p.HasMore || !flags.all && left <= 0 {
			if err := w.close(); err != nil {
				return "", err
			}
			switch {
			case p.HasMore:
				s.printNote("There are more items: use --limit N or --all.")
			case printed == 0 && bar != nil: // a person reads the output
				s.printNote("There are no items.")
			}
			return cursor, nil
		}
	}
}

// countOf returns the number with the noun, in the plural unless n is 1.
func countOf(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

// page requests at most size items after the cursor. The cursor "" is the start of the list.
func (s *session) page(next fetch, size int, cursor string) (page, error) {
	limit := int64(size)
	p, _, err := decode[page](s.cmd.Context(), func(ctx context.Context) (*http.Response, error) {
		return next(ctx, &limit, optional(cursor))
	})
	return p, err
}

// optional returns nil if v is the zero value, and otherwise a pointer to v.
func optional[T comparable](v T) *T {
	if v == *new(T) {
		return nil
	}
	return &v
}

// show sends a request with fn and prints the response in the form that v describes. The response body must be the JSON
// representation of a T.
func show[T any](s *session, v view, fn func(context.Context) (*http.Response, error)) error {
	_, text, err := decode[T](s.cmd.Context(), fn)
	if err != nil {
		return err
	}
	return s.print(v, text)
}

// decode sends a request with fn and reads the response. It returns the decoded value and the exact
// text of the response, or an APIError.
func decode[T any](
	ctx context.Context, fn func(context.Context) (*http.Response, error),
) (value T, text []byte, err error) {
	text, err = decodeInto(ctx, fn, &value)
	return value, text, err
}

// decodeInto is decode for the value to which a pointer points. It is not generic, so that the compiler makes it once.
func decodeInto(
	ctx context.Context, fn func(context.Context) (*http.Response, error), value any,
) ([]byte, error) {
	response, err := fn(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, fmt.Errorf("the response is incomplete: %w", err)
	}
	if err := discovery.CheckResponse(response, text); err != nil {
		return nil, err
	}
	if empty := response.StatusCode; len(text) == 0 && (empty == http.StatusNoContent || empty == http.StatusAccepted) {
		return nil, nil
	}
	if err := json.Unmarshal(text, value); err != nil {
		return nil, errForeignResponse
	}
	return text, nil
}
