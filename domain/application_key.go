package domain

import (
	"crypto/hmac"
	"crypto/sha256"
	"slices"
)

// ClientKey is the keyed hash of the client id of a credential. Two credentials of a tenant have the same client id
// exactly if their keys are equal. The zero ClientKey means that the client id is not known.
type ClientKey [sha256.Size]byte

// HashClientID returns the HMAC-SHA256 of a tenant and the client id of one of its credentials. It returns the zero
// ClientKey if the client id is empty.
func HashClientID(key Secret, tenant TenantID, clientID Secret) (hash ClientKey) {
	if clientID.IsZero() {
		return hash
	}
	mac := hmac.New(sha256.New, key.bytes())
	mac.Write(tenant.UUID[:]) // always 16 bytes, so the two parts cannot be confused
	mac.Write(clientID.bytes())
	mac.Sum(hash[:0])
	return hash
}

// IsZero reports whether the client id is not known.
func (k ClientKey) IsZero() bool { return k == ClientKey{} }

// ApplicationKey identifies an application at a vendor among the applications of a tenant: one client id at one origin.
// The zero ApplicationKey means that the application is not known.
type ApplicationKey [sha256.Size]byte

// NewApplicationKey returns the key of the application with this client id. origin must have the form of Origin. The
// result is zero if the client id is not known.
func NewApplicationKey(v Vendor, origin string, client ClientKey) ApplicationKey {
	if client.IsZero() {
		return ApplicationKey{}
	}
	// No vendor and no origin contains a line feed.
	return sha256.Sum256(slices.Concat([]byte(string(v)+"\n"+origin+"\n"), client[:]))
}

// IsZero reports whether the application is not known.
func (k ApplicationKey) IsZero() bool { return k == ApplicationKey{} }

// Application returns the key of the connection's application: of the client id in its credential, at its origin.
func (c *Connection) Application() ApplicationKey {
	return NewApplicationKey(c.Vendor, Origin(c.BaseURL), c.Client)
}

// sameApplication reports whether c and other, two states of a connection, belong to the same application. If one of
// the client ids is not known, sameApplication compares the origins and the sealed credentials instead.
func (c *Connection) sameApplication(other Connection) bool {
	if c.Client.IsZero() || other.Client.IsZero() {
		return Origin(c.BaseURL) == Origin(other.BaseURL) && slices.Equal(c.Sealed, other.Sealed)
	}
	return c.Application() == other.Application()
}
