package seal

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"callbackd"
)

func testKey(t *testing.T, fill byte) *Key {
	t.Helper()
	k, err := NewKey(bytes.Repeat([]byte{fill}, KeySize))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestSeal_OpensAtItsOwnPlaceOnly(t *testing.T) {
	k := testKey(t, 1)
	here := Context("accounts", "token", "demo")
	for _, plain := range []string{"", "secret", strings.Repeat("x", 10000)} {
		sealed := k.Seal([]byte(plain), here)
		got, err := k.Open(sealed, here)
		if err != nil || string(got) != plain {
			t.Fatalf("Open gave %q, %v; want %q", got, err, plain)
		}
		for _, elsewhere := range []string{
			"", Context("accounts", "token", "other"), Context("accounts", "aes_key", "demo"), Context("mpweb", "token", "demo"),
		} {
			if _, err := k.Open(sealed, elsewhere); !errors.Is(err, callbackd.ErrInvalid) {
				t.Errorf("a value sealed for %s opened at %q: %v", here, elsewhere, err)
			}
		}
	}
}

func TestContext_KeepsItsPartsApart(t *testing.T) {
	if Context("a", "bc", "d") == Context("ab", "c", "d") || Context(`a"/"b`, "c", "d") == Context("a", `b"/"c`, "d") {
		t.Error("two places have one name")
	}
}

func TestSeal_HidesTheTextAndNeverRepeats(t *testing.T) {
	k := testKey(t, 1)
	a, b := k.Seal([]byte("the same words"), "c"), k.Seal([]byte("the same words"), "c")
	if bytes.Equal(a, b) {
		t.Error("the same plaintext was sealed to the same bytes twice")
	}
	if bytes.Contains(a, []byte("words")) {
		t.Error("the plaintext is in the sealed bytes")
	}
}

func TestOpen_RefusesEveryChangedByte(t *testing.T) {
	k := testKey(t, 1)
	sealed := k.Seal([]byte("secret"), "c")
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		if _, err := k.Open(changed, "c"); !errors.Is(err, callbackd.ErrInvalid) {
			t.Errorf("byte %d changed: Open gave %v", i, err)
		}
		if _, err := k.Open(sealed[:i], "c"); !errors.Is(err, callbackd.ErrInvalid) {
			t.Errorf("cut to %d bytes: Open gave %v", i, err)
		}
	}
	if _, err := testKey(t, 2).Open(sealed, "c"); !errors.Is(err, callbackd.ErrInvalid) {
		t.Errorf("another key: Open gave %v", err)
	}
}

func TestNewKey_RefusesAnotherLength(t *testing.T) {
	for _, n := range []int{0, 16, 31, 33} {
		if _, err := NewKey(make([]byte, n)); !errors.Is(err, callbackd.ErrInvalid) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

func TestKey_PrintsNothing(t *testing.T) {
	k := testKey(t, 'k')
	if s := fmt.Sprintf("%v %+v %#v %s", k, k, k, k); s != "[key] [key] [key] [key]" {
		t.Errorf("printed as %s", s)
	}
}

func TestLoadOrCreateKey_MakesOneFileForItsOwnerAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret.key")
	first, err := LoadOrCreateKey(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode() != 0o600 {
		t.Errorf("mode %v, want 0600", info.Mode())
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("the folder holds %v (%v), want the key alone", left, err)
	}
	second, err := LoadOrCreateKey(path)
	if err != nil {
		t.Fatal(err)
	}
	got, err := second.Open(first.Seal([]byte("x"), "c"), "c")
	if err != nil || string(got) != "x" {
		t.Errorf("the loaded key is another one: %v", err)
	}
}

func TestLoadOrCreateKey_ManyAtOnceEndWithOneKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret.key")
	keys := make([]*Key, 16)
	var wg sync.WaitGroup
	for i := range keys {
		wg.Go(func() {
			var err error
			if keys[i], err = LoadOrCreateKey(path); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	sealed := keys[0].Seal([]byte("x"), "c")
	for i, k := range keys {
		if _, err := k.Open(sealed, "c"); err != nil {
			t.Errorf("key %d differs: %v", i, err)
		}
	}
}

func TestCreateKey_NeverReplacesAnother(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret.key")
	if err := createKey(path); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := createKey(path); !errors.Is(err, os.ErrExist) {
		t.Errorf("a second key: %v, want that there is one", err)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the first key was replaced (%v)", err)
	}
}

func TestLoadOrCreateKey_RefusesAFileThatOthersCanRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret.key")
	if _, err := LoadOrCreateKey(path); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []os.FileMode{0o640, 0o604, 0o620, 0o666} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		_, err := LoadOrCreateKey(path)
		if !errors.Is(err, callbackd.ErrForbidden) {
			t.Errorf("mode %v: %v", mode, err)
		} else if strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("mode %v: the error is not one line with what to do: %v", mode, err)
		}
	}
}

func TestLoadOrCreateKey_RefusesAMalformedFileAndKeepsIt(t *testing.T) {
	short := keyPrefix + "AAAA\n"
	for name, text := range map[string]string{
		"empty": "", "words": "not a key\n", "short": short, "no prefix": strings.Repeat("A", 43) + "=\n",
		"too long": keyPrefix + strings.Repeat("A", 2000) + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "secret.key")
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := LoadOrCreateKey(path); !errors.Is(err, callbackd.ErrInvalid) {
				t.Errorf("got %v", err)
			}
			if after, err := os.ReadFile(path); err != nil || string(after) != text {
				t.Errorf("the file was changed (%v)", err)
			}
		})
	}
	if _, err := LoadOrCreateKey(t.TempDir()); !errors.Is(err, callbackd.ErrInvalid) {
		t.Errorf("a folder as key file: %v", err)
	}
}

func TestLoadOrCreateKey_SaysWhyItCannotMakeOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "missing", "secret.key")
	if _, err := LoadOrCreateKey(path); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v", err)
	}
}

func TestDigest_IsOfOneKeyAndOnePlace(t *testing.T) {
	k := testKey(t, 1)
	one := k.Digest([]byte("data"), "here")
	if !bytes.Equal(one, testKey(t, 1).Digest([]byte("data"), "here")) || len(one) != 32 {
		t.Error("the same data has two digests")
	}
	for name, other := range map[string][]byte{
		"another key": testKey(t, 2).Digest([]byte("data"), "here"), "another place": k.Digest([]byte("data"), "there"),
		"other data": k.Digest([]byte("dat"), "here"), "a place that runs over": k.Digest([]byte("edata"), "her"),
	} {
		if bytes.Equal(one, other) {
			t.Errorf("%s has the same digest", name)
		}
	}
}
