package pluggysim

import (
	"math"
	"net"
	"net/http"
	"time"
)

// windowLength is the period over which the vendor counts requests: a counter is reset one minute after the first
// request that it counted.
const windowLength = time.Minute

// window counts the requests from one source address to one resource within one minute.
type window struct {
	startedAt time.Time
	count     int
}

// rateLimited is middleware that refuses requests over the rate limit.
func (s *Simulator) rateLimited(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if limit, reset, over := s.overLimit(r); over {
			writeRateLimited(w, limit, reset)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// overLimit counts the request. It reports whether the request exceeds the limit, and returns the number of seconds
// until the window ends. The resources auth, accounts, transactions, connect_token and consents are limited, and
// updates of items have a lower limit of their own. The limit applies before the API key is checked.
func (s *Simulator) overLimit(r *http.Request) (limit, reset int, over bool) {
	resource, limit := resourceOf(r.URL.Path), s.opt.RateLimit
	if resource == "items" && r.Method == http.MethodPatch {
		resource, limit = "updates of items", min(limit, RealUpdateLimit)
	}
	if s.opt.RateLimit <= 0 || resource == "items" || resource == "webhooks" || resource == "other" {
		return 0, 0, false
	}
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	now := s.opt.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.windows[host+" "+resource]
	if !ok || now.Sub(c.startedAt) >= windowLength {
		c = &window{startedAt: now}
		s.windows[host+" "+resource] = c
	}
	c.count++
	left := c.startedAt.Add(windowLength).Sub(now)
	return limit, int(math.Ceil(left.Seconds())), c.count > limit
}
