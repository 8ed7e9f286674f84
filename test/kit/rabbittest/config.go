package rabbittest

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
)

// serverConfig is the configuration of the node. It lowers the free disk space that the node requires. The node has no
// management and no other plugins, so it starts faster.
const serverConfig = `disk_free_limit.absolute = 1MB
log.console = true
log.console.level = warning
log.file = false
loopback_users = none
load_definitions = `

// writeConfig writes the configuration and the definitions of the users. The node creates the users when it starts.
func (b *Broker) writeConfig() error {
	type object map[string]any
	definitions, err := json.Marshal(object{
		"vhosts": []object{{"name": "/"}},
		"users": []object{
			{"name": user, "password_hash": passwordHash(), "tags": ""},
			{"name": guestUser, "password_hash": passwordHash(), "tags": ""},
		},
		"permissions": []object{
			{"user": user, "vhost": "/", "configure": ".*", "write": ".*", "read": ".*"},
			{"user": guestUser, "vhost": "/", "configure": "^$", "write": "^$", "read": "^$"},
		},
	})
	return errors.Join(
		err,
		os.WriteFile(b.file("definitions.json"), definitions, 0o600),
		os.WriteFile(b.file("rabbitmq.conf"), []byte(serverConfig+b.file("definitions.json")+"\n"), 0o600),
		os.WriteFile(b.file("plugins"), []byte("[].\n"), 0o600),
	)
}

// passwordHash returns the hash of the users' password in the format that RabbitMQ expects: a salt of four bytes,
// followed by the SHA-256 of the salt and the password, encoded as Base64.
// https://www.rabbitmq.com/docs/passwords#computing-password-hash
func passwordHash() string {
	salt := []byte("salt")
	sum := sha256.Sum256(append(salt, userPassword...))
	return base64.StdEncoding.EncodeToString(append([]byte("salt"), sum[:]...))
}
