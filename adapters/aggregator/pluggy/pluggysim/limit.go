package pluggysim

import (
	"math"
	"net"
	"net/http"
	"time"
)

// windowLength is the vendor's: counters start again every minute from the first request.
const windowLength = time.Minute

// window counts the requests of one source address to one resource.
type window struct {
	began time.Time
	count int
}

// limited refuses what is over the limit.
func (s *Simulator) limited(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if reset, over := s.overLimit(r); over {
			tooMany(w, s.opt.RateLimit, reset)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// overLimit counts the request and says whether it is one too many, and how many seconds are left.
// The vendor limits auth, accounts and transactions, before it looks at the key.
func (s *Simulator) overLimit(r *http.Request) (reset int, over bool) {
	resource := resourceOf(r.URL.Path)
	if s.opt.RateLimit <= 0 || resource == "items" || resource == "webhooks" || resource == "other" {
		return 0, false
	}
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	now := s.opt.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.windows[host+" "+resource]
	if !ok || now.Sub(c.began) >= windowLength {
		c = &window{began: now}
		s.windows[host+" "+resource] = c
	}
	c.count++
	left := c.began.Add(windowLength).Sub(now)
	return int(math.Ceil(left.Seconds())), c.count > s.opt.RateLimit
}
