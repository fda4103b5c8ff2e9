// Command ferretdb serves MongoDB's wire protocol over SQLite, for the tests.
//
//	ferretdb [OPTION…] ADDRESS DIRECTORY
//
//	-cert FILE -key FILE   use TLS, with this certificate
//	-user NAME             accept only this user; the variable FERRETDB_PASSWORD holds the password
//	-set NAME              be the only member of this replica set
//
// It ends with its standard input, if that is a pipe: so it does not outlive the process that started
// it.
// It listens on ADDRESS (127.0.0.1:0 takes a free port), keeps its files in DIRECTORY, and prints
// the address on which it answers.
//
// FerretDB's own command needs a file that only its releases have, and the package that it offers
// to other programs has no users. So the name of this module is below FerretDB's own, because Go then
// allows it to import FerretDB's internal packages.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/FerretDB/FerretDB/internal/clientconn"
	"github.com/FerretDB/FerretDB/internal/clientconn/connmetrics"
	"github.com/FerretDB/FerretDB/internal/handler/registry"
	"github.com/FerretDB/FerretDB/internal/util/password"
	"github.com/FerretDB/FerretDB/internal/util/state"
)

var (
	certificate = flag.String("cert", "", "the certificate's `file`")
	key         = flag.String("key", "", "the `file` of its key")
	user        = flag.String("user", "", "the `name` of who may use it")
	set         = flag.String("set", "", "the replica set's `name`")
)

func main() {
	flag.Parse()
	if stat, err := os.Stdin.Stat(); err == nil && stat.Mode()&os.ModeCharDevice == 0 {
		go func() {
			io.Copy(io.Discard, os.Stdin)
			os.Exit(0)
		}()
	}
	address, directory := flag.Arg(0), flag.Arg(1)
	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	metrics := connmetrics.NewListenerMetrics()

	handler, closeBackend, err := registry.NewHandler("sqlite", &registry.NewHandlerOpts{
		Logger:        logger,
		ConnMetrics:   metrics.ConnMetrics,
		StateProvider: withoutTelemetry(),
		TCPHost:       address,
		ReplSetName:   *set,
		SetupDatabase: where(*user != "", "admin"),
		SetupUsername: *user,
		SetupPassword: password.WrapPassword(os.Getenv("FERRETDB_PASSWORD")),
		SetupTimeout:  30 * time.Second,
		// The tests kill this process and not the machine, so what is written need not reach a disk.
		SQLiteURL: "file:" + directory + "/?_pragma=synchronous(off)",
		TestOpts: registry.TestOpts{
			CappedCleanupPercentage: 10,
			BatchSize:               100,
			EnableNewAuth:           *user != "",
		},
	})
	check(err)
	defer closeBackend()

	isSecure := *certificate != ""
	listener := must(clientconn.Listen(&clientconn.NewListenerOpts{
		TCP:         where(!isSecure, address),
		TLS:         where(isSecure, address),
		TLSCertFile: *certificate,
		TLSKeyFile:  *key,
		Mode:        clientconn.NormalMode,
		Metrics:     metrics,
		Handler:     handler,
		Logger:      logger,
	}))
	if isSecure {
		fmt.Println(listener.TLSAddr())
	} else {
		fmt.Println(listener.TCPAddr())
	}
	listener.Run(context.Background())
}

func withoutTelemetry() *state.Provider {
	provider := must(state.NewProvider(""))
	check(provider.Update(func(s *state.State) {
		s.DisableTelemetry()
		s.TelemetryLocked = true
	}))
	return provider
}

func where(condition bool, text string) string {
	if condition {
		return text
	}
	return ""
}

func must[T any](value T, err error) T {
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
