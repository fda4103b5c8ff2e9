// Copies directories of files to an SFTP server and back, all files of a directory at once in one
// session, with github.com/pkg/sftp's features for that: concurrent writes, and concurrent reads.
//
//	pkgsftp SSH_CONFIG HOST (LOCAL REMOTE DOWNLOADED)...
//
// OpenSSH's client makes the connection, so that it takes care of the server's key and the client's.
package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"sync"

	"github.com/pkg/sftp"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "pkgsftp:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) < 5 || (len(args)-2)%3 != 0 {
		return fmt.Errorf("usage: pkgsftp SSH_CONFIG HOST (LOCAL REMOTE DOWNLOADED)")
	}
	config, host := args[0], args[1]
	for at := 2; at < len(args); at += 3 {
		if err := copyAll(config, host, args[at], args[at+1], args[at+2]); err != nil {
			return err
		}
	}
	return nil
}

// copyAll copies the files of local to remote, and from there to downloaded, in a session of its own.
func copyAll(config, host, local, remote, downloaded string) error {
	ssh := exec.Command("ssh", "-F", config, "-s", host, "sftp")
	ssh.Stderr = os.Stderr
	input, err := ssh.StdinPipe()
	if err != nil {
		return err
	}
	output, err := ssh.StdoutPipe()
	if err != nil {
		return err
	}
	if err := ssh.Start(); err != nil {
		return err
	}
	client, err := sftp.NewClientPipe(output, input,
		sftp.UseConcurrentWrites(true), sftp.UseConcurrentReads(true))
	if err != nil {
		return err
	}
	if err := client.Mkdir(remote); err != nil {
		return err
	}
	entries, err := os.ReadDir(local)
	if err != nil {
		return err
	}
	err = each(entries, func(name string) error {
		return put(client, filepath.Join(local, name), path.Join(remote, name))
	})
	if err != nil {
		return err
	}
	err = each(entries, func(name string) error {
		return get(client, path.Join(remote, name), filepath.Join(downloaded, name))
	})
	if err != nil {
		return err
	}
	if err := client.Close(); err != nil {
		return err
	}
	return ssh.Wait()
}

// each does the same for all entries at once, and returns the first failure.
func each(entries []os.DirEntry, work func(name string) error) error {
	failures := make([]error, len(entries))
	var all sync.WaitGroup
	for index, entry := range entries {
		all.Add(1)
		go func(index int, name string) {
			defer all.Done()
			failures[index] = work(name)
		}(index, entry.Name())
	}
	all.Wait()
	for _, err := range failures {
		if err != nil {
			return err
		}
	}
	return nil
}

func put(client *sftp.Client, from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := client.Create(to)
	if err != nil {
		return fmt.Errorf("%s: %w", to, err)
	}
	if _, err := target.ReadFrom(source); err != nil {
		return fmt.Errorf("%s: %w", to, err)
	}
	return target.Close()
}

func get(client *sftp.Client, from, to string) error {
	source, err := client.Open(from)
	if err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	defer source.Close()
	target, err := os.Create(to)
	if err != nil {
		return err
	}
	if _, err := io.Copy(target, source); err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	return target.Close()
}
