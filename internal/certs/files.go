package certs

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"time"
)

// lookEvery is how often handshakes look whether the files changed.
const lookEvery = time.Second

// Files is a certificate and its key in two PEM files. Whoever renews them
// replaces the files; handshakes that follow get the new pair.
type Files struct {
	certFile, keyFile string
	now               func() time.Time
	log               *slog.Logger

	mu     sync.Mutex // guards what follows
	pair   *tls.Certificate
	seen   stamp     // of the files when they were read last, usable or not
	looked time.Time // when they were looked at last
}

// stamp tells one state of the two files from another.
type stamp struct {
	cert, key fs.FileInfo
}

// OpenFiles reads a pair. Its errors name the file and say what to do. A pair
// that has ended is taken, and said: whoever serves with it sees what is wrong,
// and whoever does not serve sees nothing.
func OpenFiles(certFile, keyFile string, log *slog.Logger) (*Files, error) {
	return openFiles(certFile, keyFile, log, time.Now)
}

func openFiles(certFile, keyFile string, log *slog.Logger, now func() time.Time) (*Files, error) {
	f := &Files{certFile: certFile, keyFile: keyFile, log: log, now: now}
	var err error
	if f.seen, err = f.stat(); err != nil {
		return nil, err
	}
	if f.pair, err = f.read(); err != nil {
		return nil, err
	}
	f.looked = now()
	if end := f.pair.Leaf.NotAfter; end.Before(now()) {
		log.Error("the certificate has ended: browsers and the platform refuse it; renew it, callbackd takes the new files up by itself",
			"file", certFile, "ended", end)
	}
	return f, nil
}

// Config is a server's, for either protocol of HTTP.
func (f *Files) Config() *tls.Config {
	return config(func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return f.current(), nil })
}

// current is the pair that handshakes get now.
func (f *Files) current() *tls.Certificate {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.now()
	if now.Sub(f.looked) >= lookEvery || now.Before(f.looked) {
		f.looked = now
		f.look()
	}
	return f.pair
}

// look takes up files that changed. What cannot be used leaves the old pair, and
// is said once for each change.
func (f *Files) look() {
	seen, err := f.stat()
	if err == nil && seen.same(f.seen) {
		return
	}
	var pair *tls.Certificate
	if err == nil {
		f.seen = seen
		pair, err = f.read()
	} else if f.seen == (stamp{}) {
		return // said when they went
	} else {
		f.seen = stamp{}
	}
	if err == nil && pair.Leaf.NotAfter.Before(f.now()) && f.pair.Leaf.NotAfter.After(pair.Leaf.NotAfter) {
		err = fmt.Errorf("%s ended on %s, before the one in use", f.certFile, pair.Leaf.NotAfter.Format(time.DateOnly))
	}
	if err != nil {
		f.log.Warn("the new certificate cannot be used, the old one stays in use", "err", err)
		return
	}
	f.pair = pair
	f.log.Info("the certificate was replaced", "file", f.certFile, "ends", pair.Leaf.NotAfter)
}

func (f *Files) stat() (s stamp, err error) {
	if s.cert, err = stat("--tls-cert-file", f.certFile); err != nil {
		return stamp{}, err
	}
	if s.key, err = stat("--tls-key-file", f.keyFile); err != nil {
		return stamp{}, err
	}
	return s, nil
}

func stat(flag, path string) (fs.FileInfo, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, unreadable(flag, err)
	}
	if !info.Mode().IsRegular() {
		return nil, unreadable(flag, fmt.Errorf("%s is no file", path))
	}
	return info, nil
}

func unreadable(flag string, err error) error {
	return fmt.Errorf("%s: %w; name a PEM file that callbackd's user may read", flag, err)
}

func (s stamp) same(o stamp) bool {
	return o.cert != nil && sameFile(s.cert, o.cert) && sameFile(s.key, o.key)
}

// sameFile takes a file that was written again for another one, also in the same
// second and with the same length where the file system tells.
func sameFile(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

func (f *Files) read() (*tls.Certificate, error) {
	cert, err := os.ReadFile(f.certFile)
	if err != nil {
		return nil, unreadable("--tls-cert-file", err)
	}
	key, err := os.ReadFile(f.keyFile)
	if err != nil {
		return nil, unreadable("--tls-key-file", err)
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		// crypto/tls names what it missed, never what it read
		return nil, fmt.Errorf("%s and %s are no certificate with its key: %w; give the certificate with its chain (fullchain.pem) as --tls-cert-file, its private key (privkey.pem) as --tls-key-file",
			f.certFile, f.keyFile, err)
	}
	if pair.Leaf == nil {
		return nil, errors.New("the certificate was not read") // x509keypairleaf=0
	}
	return &pair, nil
}
