package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"callbackd/internal/testkit"
)

// child is a row's server process.
type child struct {
	row  row
	addr string
	sent int64 // pushes that were answered
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
}

func startChild(ctx context.Context, r row, s setup) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := &child{row: r, cmd: exec.CommandContext(ctx, self)}
	c.cmd.Env = append(os.Environ(), serveEnv+"=1")
	c.cmd.Stderr = os.Stderr
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.out = bufio.NewReader(out)
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	if c.addr, err = c.ask(string(line)); err != nil {
		return nil, errors.Join(err, c.stop())
	}
	return c, nil
}

// ask sends a line and returns the line that answers it.
func (c *child) ask(line string) (string, error) {
	if _, err := io.WriteString(c.in, line+"\n"); err != nil {
		return "", fmt.Errorf("server %s: %w", c.row.name, err)
	}
	answer, err := c.out.ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("server %s: %w", c.row.name, err)
	}
	return strings.TrimSpace(answer), nil
}

func (c *child) number(command string) (int64, error) {
	answer, err := c.ask(command)
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(answer, 10, 64)
}

// stop lets the server end by itself and waits for it.
func (c *child) stop() error {
	c.in.Close()
	if err := c.cmd.Wait(); err != nil {
		return fmt.Errorf("server %s: %w", c.row.name, err)
	}
	return nil
}

// measureOnce loads the server with one round's pushes.
func (c *child) measureOnce(ctx context.Context, requests [][]byte, connections int) (sample, error) {
	before, err := c.number(cpuCommand)
	if err != nil {
		return sample{}, err
	}
	s, err := load(ctx, c.addr, requests, connections, c.row.answer)
	if err != nil {
		return sample{}, fmt.Errorf("load %s: %w", c.row.name, err)
	}
	after, err := c.number(cpuCommand)
	if err != nil {
		return sample{}, err
	}
	s.cpu = time.Duration(after-before) * time.Microsecond / time.Duration(len(requests))
	c.sent += int64(len(requests))
	if !c.row.stores {
		return s, nil
	}
	stored, err := c.number(countCommand)
	if err == nil && stored != c.sent {
		err = fmt.Errorf("server %s answered %d pushes and stored %d", c.row.name, c.sent, stored)
	}
	return s, err
}

// fleet is all servers of a run, with what they stand on.
type fleet struct {
	children []*child
	postgres *testkit.Server
	dir      string
}

func startFleet(ctx context.Context, p plan, rows []row, push *pusher) (f *fleet, err error) {
	f = &fleet{}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.stop())
			f = nil
		}
	}()
	if f.dir, err = os.MkdirTemp(p.dir, "callbackd-ingest-"); err != nil {
		return f, err
	}
	a := push.account.Config
	for _, r := range rows {
		s := setup{Row: r.name, OriginalID: a.OriginalID, AppID: a.AppID, Token: a.Token, AESKey: a.AESKey, Known: push.known(),
			Dir: filepath.Join(f.dir, r.name)}
		if err = os.Mkdir(s.Dir, 0o700); err != nil {
			return f, err
		}
		if s.Database, err = f.database(ctx, r, s.Dir); err != nil {
			return f, err
		}
		c, err := startChild(ctx, r, s)
		if err != nil {
			return f, err
		}
		f.children = append(f.children, c)
	}
	return f, nil
}

// database names the row's own; the PostgreSQL server starts with the first
// row that needs it, and syncs each commit as in production.
func (f *fleet) database(ctx context.Context, r row, dir string) (string, error) {
	if !r.stores {
		return "", nil
	}
	if !r.onPG {
		return "sqlite:" + filepath.Join(dir, "callbackd.db"), nil
	}
	if f.postgres == nil {
		var err error
		if f.postgres, err = testkit.StartServer(ctx, true); err != nil {
			return "", err
		}
	}
	return f.postgres.Create(ctx)
}

func (f *fleet) stop() error {
	var err error
	for _, c := range f.children {
		err = errors.Join(err, c.stop())
	}
	if f.postgres != nil {
		f.postgres.Stop()
	}
	if f.dir != "" {
		err = errors.Join(err, os.RemoveAll(f.dir))
	}
	return err
}
