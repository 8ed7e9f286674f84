package belvosim

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

// The default and the maximum page size of every list, in rows.
const (
	defaultPageSize = 100
	maxPageSize     = 1000
)

// page is the JSON object that contains a page of a list; all lists use it. Next and Previous are
// absolute URLs or null.
type page[T any] struct {
	Count    int     `json:"count"`
	Next     *string `json:"next"`
	Previous *string `json:"previous"`
	Results  []T     `json:"results"`
	beyond   bool    // true if the requested page does not exist
}

// pageOf returns a copy of the requested page of a list. If backwards is true, the list is read in reverse order. A
// page_size that is not a positive number is ignored. A page_size above the maximum is reduced to the maximum. The cost
// does not depend on the length of the list.
func pageOf[T any](r *http.Request, items []T, backwards bool) page[T] {
	query := r.URL.Query()
	size := min(positive(query.Get("page_size"), defaultPageSize), maxPageSize)
	number := positive(query.Get("page"), 0)
	if query.Get("page") == "" {
		number = 1
	}
	from := (number - 1) * size
	// The first page of an empty list exists. Every other page exists only if it has rows.
	if number < 1 || number > len(items) && number > 1 || from > 0 && from >= len(items) {
		return page[T]{beyond: true}
	}
	to := min(from+size, len(items))
	cut := page[T]{Count: len(items), Results: slice(items, from, to, backwards)}
	if to < len(items) {
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

// pageURL returns the URL of the request with another page number. The URL of the first page
// has no parameter page.
func pageURL(r *http.Request, number int) string {
	query, _ := url.ParseQuery(r.URL.RawQuery)
	query.Set("page", strconv.Itoa(number))
	if number == 1 {
		query.Del("page")
	}
	return origin(r) + r.URL.Path + "?" + query.Encode()
}

// origin returns the scheme and the host with which the client addressed the server.
func origin(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// sendPage sends a page, or the vendor's 404 if the page does not exist.
func sendPage[T any](s *Simulator, w http.ResponseWriter, p page[T]) {
	s.writeObject(w, !p.beyond, p)
}
