package belvosim

import (
	"errors"
	"time"
)

// ErrToken is returned for an access token that is unknown or expired, or that cannot create a link.
var ErrToken = errors.New("belvosim: the access token creates no link")

// grant contains what an access token permits.
type grant struct {
	secret, link string
	expiresAt    time.Time
}

// Connect simulates an account holder who signs in on the vendor's hosted page. It creates a link that belongs to the
// secret of the token. externalID is the external_id in the URL of the page. The other members are copied from l; the
// status LinkInvalid means that the sign-in has failed. After a successful sign-in, the token is no longer valid, as
// at the vendor. Errors: ErrToken; ErrTaken.
func (s *Simulator) Connect(token, externalID string, l Link) (Link, error) {
	s.mu.Lock()
	g, ok := s.grants[token]
	s.mu.Unlock()
	if !ok || g.link != "" || !s.now().Before(g.expiresAt) {
		return Link{}, ErrToken
	}
	l.Owner, l.ExternalID = g.secret, &externalID
	added, err := s.AddLink(l)
	if err == nil && added.Status == LinkValid {
		s.mu.Lock()
		delete(s.grants, token)
		s.mu.Unlock()
	}
	return added, err
}

// controlConnect is the call POST /_control/connect.
func (s *Simulator) controlConnect(in struct {
	Token      string `json:"token"`
	ExternalID string `json:"externalId"`
	Link       Link   `json:"link"`
}) (Link, error) {
	return s.Connect(in.Token, in.ExternalID, in.Link)
}

// Links returns the stored links in the order in which they were added.
func (s *Simulator) Links() []Link {
	s.mu.Lock()
	defer s.mu.Unlock()
	links := make([]Link, 0, len(s.linkOrder))
	for _, l := range s.linkOrder {
		links = append(links, l.Link)
	}
	return links
}
