package store

import (
	"context"
	"errors"

	"callbackd"
	"callbackd/internal/seal"
)

// GetOrCreateKey returns the key of this installation that goes by a name. Where
// there is none yet, it is made, sealed and kept; of several processes that do so
// at once all get the same one.
func (db *DB) GetOrCreateKey(ctx context.Context, name string, make func() ([]byte, error)) ([]byte, error) {
	const query = `SELECT sealed FROM installation_keys WHERE name = ?`
	var sealed []byte
	err := db.get(ctx, &sealed, query, name)
	if errors.Is(err, callbackd.ErrNotFound) {
		var fresh []byte
		if fresh, err = make(); err != nil {
			return nil, err
		}
		err = db.Write(ctx, func(tx *Tx) error {
			if _, err := tx.exec(ctx, `INSERT INTO installation_keys (name, sealed) VALUES (?, ?) ON CONFLICT (name) DO NOTHING`,
				name, db.key.Seal(fresh, keyContext(name))); err != nil {
				return err
			}
			return tx.get(ctx, &sealed, query, name) // another process may have been first
		})
	}
	if err != nil {
		return nil, err
	}
	key, err := db.key.Open(sealed, keyContext(name))
	if err != nil {
		return nil, notOurKey(err)
	}
	return key, nil
}

func keyContext(name string) string { return seal.Context("installation_keys", "sealed", name) }
