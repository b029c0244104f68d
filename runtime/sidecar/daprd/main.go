// Dapr's sidecar, with one connection to each SQLite file.
//
// SQLite has one writer at a time. Dapr opens as many connections as there are calls, and each one
// that finds the file busy sleeps and tries again, for up to 100 ms a time, while later ones pass it.
// With one connection they wait in a queue instead. Dapr has no setting for this.
package main

import (
	"context"

	"github.com/dapr/components-contrib/state"
	"github.com/dapr/components-contrib/state/sqlite"
	"github.com/dapr/dapr/cmd/daprd/app"
	loader "github.com/dapr/dapr/pkg/components/state"
	"github.com/dapr/kit/logger"
)

type store struct{ *sqlite.SQLiteStore }

// Init opens the store as Dapr does, and then leaves it one connection.
func (s store) Init(ctx context.Context, metadata state.Metadata) error {
	if err := s.SQLiteStore.Init(ctx, metadata); err != nil {
		return err
	}
	s.GetDBAccess().GetConnection().SetMaxOpenConns(1)
	return nil
}

func newStore(log logger.Logger) state.Store {
	return store{sqlite.NewSQLiteStateStore(log).(*sqlite.SQLiteStore)}
}

func main() {
	loader.DefaultRegistry.RegisterComponent(newStore, "sqlite", "sqlite3")
	app.Run()
}
