package belvosim

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

// Page sizes of every list.
const (
	defaultPageSize = 100
	maxPageSize     = 1000
)

// page is the envelope of every list; Next and Previous are absolute URLs or null.
type page[T any] struct {
	Count    int     `json:"count"`
	Next     *string `json:"next"`
	Previous *string `json:"previous"`
	Results  []T     `json:"results"`
	beyond   bool    // the requested page does not exist
}

// pageOf cuts the requested page out of a list, in constant time and as a copy. A page_size
// that is not a positive number counts as absent, and one above the maximum as the
// maximum. backwards pages through the list from its end.
func pageOf[T any](r *http.Request, all []T, backwards bool) page[T] {
	query := r.URL.Query()
	size := min(positive(query.Get("page_size"), defaultPageSize), maxPageSize)
	number := positive(query.Get("page"), 0)
	if query.Get("page") == "" {
		number = 1
	}
	from := (number - 1) * size
	// The first page of an empty list exists; no other page without rows does.
	if number < 1 || number > len(all) && number > 1 || from > 0 && from >= len(all) {
		return page[T]{beyond: true}
	}
	to := min(from+size, len(all))
	cut := page[T]{Count: len(all), Results: slice(all, from, to, backwards)}
	if to < len(all) {
		cut.Next = new(pageURL(r, number+1))
	}
	if number > 1 {
		cut.Previous = new(pageURL(r, number-1))
	}
	return cut
}

func slice[T any](all []T, from, to int, backwards bool) []T {
	if !backwards {
		return append(make([]T, 0, to-from), all[from:to]...)
	}
	part := append(make([]T, 0, to-from), all[len(all)-to:len(all)-from]...)
	slices.Reverse(part)
	return part
}

func positive(text string, otherwise int) int {
	if number, err := strconv.Atoi(text); err == nil && number > 0 {
		return number
	}
	return otherwise
}

// pageURL returns the request's own URL for another page; the URL of the first page has no
// number.
func pageURL(r *http.Request, number int) string {
	query, _ := url.ParseQuery(r.URL.RawQuery)
	query.Set("page", strconv.Itoa(number))
	if number == 1 {
		query.Del("page")
	}
	return origin(r) + r.URL.Path + "?" + query.Encode()
}

// origin returns scheme and host as the client addressed them.
func origin(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// sendPage sends a page, or the vendor's 404 for a page that does not exist.
func sendPage[T any](s *Simulator, w http.ResponseWriter, p page[T]) {
	s.writeObject(w, !p.beyond, p)
}
