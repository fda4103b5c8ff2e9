// Command ferretdb serves MongoDB's wire protocol over SQLite, for the tests.
//
//	ferretdb ADDRESS DIRECTORY
//
// It ends with its standard input, where that is a pipe: so it outlives nobody who has started it.
// It listens on ADDRESS (127.0.0.1:0 takes a free port), keeps its files in DIRECTORY, and prints
// the URI under which it answers. FerretDB's own command needs a file that only its releases have.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func main() {
	if stat, err := os.Stdin.Stat(); err == nil && stat.Mode()&os.ModeCharDevice == 0 {
		go func() {
			io.Copy(io.Discard, os.Stdin)
			os.Exit(0)
		}()
	}
	db, err := ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{TCP: os.Args[1]},
		Handler:   "sqlite",
		SQLiteURL: "file:" + os.Args[2] + "/",
		Logger:    slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
	})
	if err != nil {
		panic(err)
	}
	go func() { fmt.Println(db.MongoDBURI()) }()
	if err := db.Run(context.Background()); err != nil {
		panic(err)
	}
}
