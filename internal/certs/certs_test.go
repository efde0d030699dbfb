package certs

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// pair is two files under test, with a clock and what was logged.
type pair struct {
	*testing.T
	cert, key string
	now       time.Time
	logs      bytes.Buffer
	files     *Files
}

func newPair(t *testing.T) *pair {
	t.Helper()
	p := &pair{T: t, cert: filepath.Join(t.TempDir(), "cert"), key: filepath.Join(t.TempDir(), "key"), now: time.Now()}
	p.write(1, p.now.Add(time.Hour))
	return p
}

func (p *pair) must(err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
}

func (p *pair) open() {
	p.Helper()
	var err error
	p.files, err = openFiles(p.cert, p.key, slog.New(slog.NewTextHandler(&p.logs, nil)), func() time.Time { return p.now })
	p.must(err)
}

func (p *pair) write(serial int64, ends time.Time) {
	p.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	p.must(err)
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), DNSNames: []string{"wall.example"}, NotAfter: ends}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	p.must(err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	p.must(err)
	p.must(os.WriteFile(p.cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	p.must(os.WriteFile(p.key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), 0o600))
}

// gives looks twice, a moment apart, at which pair is given and how often each
// of the two lines was logged by then.
func (p *pair) gives(what string, serial int64, kept, replaced int) {
	p.Helper()
	for range 2 {
		p.now = p.now.Add(lookEvery)
		if got := p.files.current().Leaf.SerialNumber.Int64(); got != serial {
			p.Errorf("%s: certificate %d, want %d", what, got, serial)
		}
	}
	logs := p.logs.String()
	if k, r := strings.Count(logs, "the old one stays in use"), strings.Count(logs, "was replaced"); k != kept || r != replaced {
		p.Errorf("%s: kept %d, replaced %d, want %d, %d: %s", what, k, r, kept, replaced, logs)
	}
}

func TestFiles_TakeWhatFitsAndKeepTheOldForWhatDoesNot(t *testing.T) {
	p := newPair(t)
	p.open()
	p.gives("nothing changed", 1, 0, 0)
	p.must(os.Remove(p.key))
	p.gives("the key went", 1, 1, 0)
	p.write(2, p.now.Add(2*time.Hour))
	p.gives("another pair", 2, 1, 1)
	p.must(os.WriteFile(p.cert, []byte("half"), 0o600))
	p.gives("half a certificate", 2, 2, 1)
	p.write(3, p.now.Add(-time.Minute))
	p.gives("one that has ended", 2, 3, 1)
	p.write(4, p.now.Add(3*time.Hour))
	p.gives("a good one again", 4, 3, 2)
	if strings.Contains(p.logs.String(), "level=ERROR") {
		t.Error(p.logs.String())
	}
}

func TestFiles_AreLookedAtNowAndThen(t *testing.T) {
	p := newPair(t)
	p.open()
	p.write(2, p.now.Add(time.Hour))
	if got := p.files.current().Leaf.SerialNumber.Int64(); got != 1 {
		t.Errorf("each handshake reads files: %d", got)
	}
	p.now = p.now.Add(-time.Hour) // a clock that was put back delays nothing
	if got := p.files.current().Leaf.SerialNumber.Int64(); got != 2 {
		t.Errorf("certificate %d", got)
	}
}

func TestFiles_AnEndedPairIsServedAndSaid(t *testing.T) {
	p := newPair(t)
	p.write(1, p.now.Add(-time.Hour))
	p.open()
	if logs := p.logs.String(); !strings.Contains(logs, "level=ERROR") || !strings.Contains(logs, "has ended") {
		t.Error(logs)
	}
	p.write(2, p.now.Add(-time.Minute)) // still better than the one before
	p.gives("one that ended later", 2, 0, 1)
}

// TestAuto_TriesAgainAtGrowingPauses while the authority does not answer.
func TestAuto_TriesAgainAtGrowingPauses(t *testing.T) {
	asked := 0
	transport := roundTrip(func(*http.Request) (*http.Response, error) {
		asked++
		r := httptest.NewRecorder()
		r.WriteHeader(http.StatusForbidden)
		return r.Result(), nil
	})
	synctest.Test(t, func(t *testing.T) {
		var logs bytes.Buffer
		a, err := NewAuto(AutoConfig{Host: "Wall.Example.", Folder: t.TempDir(), URL: "http://authority.example/dir", Log: slog.New(slog.NewTextHandler(&logs, nil))})
		if err != nil {
			t.Fatal(err)
		}
		a.manager.Client.HTTPClient.Transport = transport
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- a.Run(ctx) }()
		for _, at := range []time.Duration{0, 61 * time.Second, 121 * time.Second} {
			time.Sleep(at)
			synctest.Wait()
		}
		if asked != 3 || strings.Count(logs.String(), "no certificate yet") != 3 || !strings.Contains(logs.String(), "again=4m0s") || strings.Contains(logs.String(), "Wall") {
			t.Errorf("asked %d times: %s", asked, logs.String())
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		time.Sleep(time.Hour) // what autocert remembers of failures goes by itself
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
