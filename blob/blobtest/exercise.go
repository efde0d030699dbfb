// Package blobtest is the suite that every blob.Bucket passes, and a bucket
// that fails on demand for the tests of packages that write blobs.
package blobtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"callbackd"
	"callbackd/blob"
)

// Exercise runs the suite. open returns a new, empty bucket for each test.
func Exercise(t *testing.T, open func() blob.Bucket) {
	tests := []struct {
		name string
		run  func(*testing.T, blob.Bucket)
	}{
		{"PutOpenStatRoundTrip", roundTrip},
		{"PutReplacesWhatWasThere", replaces},
		{"MissingBlobIsNotFound", missing},
		{"BadKeysAreRefused", badKeys},
		{"LongestKeyWorks", longestKey},
		{"FailedReaderLeavesTheKeyAsItWas", failedReader},
		{"EndedContextLeavesTheKeyAsItWas", endedContext},
		{"FailedOrFailedButHappened_PutAgainEndsTheSame", putAgain},
		{"FailedOrFailedButHappened_DeleteAgainEndsTheSame", deleteAgain},
		{"DeleteRemovesOneBlobOnly", deletes},
		{"OpenedBlobOutlivesPutAndDelete", outlives},
		{"OpenedBlobSeeks", seeks},
		{"ListFindsByPrefix", lists},
		{"ListStopsWithTheCallersError", listStops},
		{"ManyWritersOfOneKeyLeaveOneWholeBlob", manyWriters},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { tt.run(t, open()) })
	}
}

func mustPut(t *testing.T, b blob.Bucket, key, text string) {
	t.Helper()
	n, err := b.Put(t.Context(), key, strings.NewReader(text))
	if err != nil {
		t.Fatalf("put %s: %v", key, err)
	}
	if n != int64(len(text)) {
		t.Fatalf("put %s said %d bytes, want %d", key, n, len(text))
	}
}

func wantText(t *testing.T, b blob.Bucket, key, want string) {
	t.Helper()
	r, info, err := b.Open(t.Context(), key)
	if err != nil {
		t.Fatalf("open %s: %v", key, err)
	}
	defer r.Close()
	got, err := io.ReadAll(r)
	if err != nil || string(got) != want {
		t.Fatalf("%s holds %.40q (%d bytes, %v), want %.40q (%d bytes)", key, got, len(got), err, want, len(want))
	}
	if info.Size != int64(len(want)) {
		t.Fatalf("%s: size %d, want %d", key, info.Size, len(want))
	}
}

func wantMissing(t *testing.T, b blob.Bucket, key string) {
	t.Helper()
	if _, err := b.Stat(t.Context(), key); !errors.Is(err, callbackd.ErrNotFound) {
		t.Fatalf("stat of missing %s: %v, want not found", key, err)
	}
	if r, _, err := b.Open(t.Context(), key); !errors.Is(err, callbackd.ErrNotFound) {
		if err == nil {
			r.Close()
		}
		t.Fatalf("open of missing %s: %v, want not found", key, err)
	}
}

func keys(t *testing.T, b blob.Bucket, prefix string) []string {
	t.Helper()
	var got []string
	err := b.List(t.Context(), prefix, func(key string, _ blob.Info) error {
		got = append(got, key)
		return nil
	})
	if err != nil {
		t.Fatalf("list %q: %v", prefix, err)
	}
	slices.Sort(got)
	return got
}

func wantKeys(t *testing.T, b blob.Bucket, prefix string, want ...string) {
	t.Helper()
	if got := keys(t, b, prefix); !slices.Equal(got, want) {
		t.Fatalf("list %q gave %q, want %q", prefix, got, want)
	}
}

func roundTrip(t *testing.T, b blob.Bucket) {
	for key, text := range map[string]string{
		"a": "x", "media/ab/source.amr": strings.Repeat("0123456789", 100_000), "media/ab/empty": "", "media/ab/zero": "\x00\xff",
	} {
		mustPut(t, b, key, text)
		wantText(t, b, key, text)
		info, err := b.Stat(t.Context(), key)
		if err != nil || info.Size != int64(len(text)) || info.ModTime.IsZero() {
			t.Errorf("stat %s: %+v, %v", key, info, err)
		}
	}
}

func replaces(t *testing.T, b blob.Bucket) {
	mustPut(t, b, "k/a", "a long first text")
	mustPut(t, b, "k/a", "short")
	wantText(t, b, "k/a", "short")
	wantKeys(t, b, "", "k/a")
}

func missing(t *testing.T, b blob.Bucket) {
	mustPut(t, b, "dir/file", "x")
	for _, key := range []string{"nothing", "dir", "dir/other", "dir/file/below", "dir/fil"} {
		wantMissing(t, b, key)
		if err := b.Delete(t.Context(), key); err != nil {
			t.Errorf("delete of missing %s: %v, want nil", key, err)
		}
	}
	wantText(t, b, "dir/file", "x")
}

func badKeys(t *testing.T, b blob.Bucket) {
	for _, key := range []string{
		"", ".", "..", "/", "/a", "a/", "a//b", "../a", "a/../b", "a/..", "./a", "a/./b", ".tmp/x", "a/.hidden",
		`a\b`, "a b", "a\x00b", "a\nb", "ü", "a:b", "%2e%2e/a", strings.Repeat("k", blob.MaxKey+1),
	} {
		if _, err := b.Put(t.Context(), key, strings.NewReader("x")); !errors.Is(err, callbackd.ErrInvalid) {
			t.Errorf("put %.40q: %v, want invalid", key, err)
		}
		if r, _, err := b.Open(t.Context(), key); !errors.Is(err, callbackd.ErrInvalid) {
			if err == nil {
				r.Close()
			}
			t.Errorf("open %.40q: %v, want invalid", key, err)
		}
		if _, err := b.Stat(t.Context(), key); !errors.Is(err, callbackd.ErrInvalid) {
			t.Errorf("stat %.40q: %v, want invalid", key, err)
		}
		if err := b.Delete(t.Context(), key); !errors.Is(err, callbackd.ErrInvalid) {
			t.Errorf("delete %.40q: %v, want invalid", key, err)
		}
	}
	wantKeys(t, b, "")
}

func longestKey(t *testing.T, b blob.Bucket) {
	key := strings.Repeat("k", blob.MaxKey)
	mustPut(t, b, key, "x")
	wantText(t, b, key, "x")
}

var errReader = errors.New("the source broke")

func failedReader(t *testing.T, b blob.Bucket) {
	broken := func() io.Reader {
		return io.MultiReader(strings.NewReader(strings.Repeat("y", 70_000)), iotest.ErrReader(errReader))
	}
	if _, err := b.Put(t.Context(), "new", broken()); !errors.Is(err, errReader) {
		t.Fatalf("put from a broken source: %v", err)
	}
	wantMissing(t, b, "new")
	mustPut(t, b, "old", "before")
	if _, err := b.Put(t.Context(), "old", broken()); !errors.Is(err, errReader) {
		t.Fatalf("put from a broken source: %v", err)
	}
	wantText(t, b, "old", "before")
	wantKeys(t, b, "", "old")
}

func endedContext(t *testing.T, b blob.Bucket) {
	mustPut(t, b, "old", "before")
	ctx, cancel := context.WithCancel(t.Context())
	source := readerFunc(func(p []byte) (int, error) { // ends the context with its last byte
		cancel()
		p[0] = 'z'
		return 1, io.EOF
	})
	if _, err := b.Put(ctx, "old", source); !errors.Is(err, context.Canceled) {
		t.Fatalf("put with an ended context: %v", err)
	}
	wantText(t, b, "old", "before")
	if _, _, err := b.Open(ctx, "old"); !errors.Is(err, context.Canceled) {
		t.Errorf("open with an ended context: %v", err)
	}
	if err := b.Delete(ctx, "old"); !errors.Is(err, context.Canceled) {
		t.Errorf("delete with an ended context: %v", err)
	}
	wantText(t, b, "old", "before")
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// putAgain and deleteAgain stand for a caller that was told "failed" and does
// the same again, whether or not the first time happened.
func putAgain(t *testing.T, inner blob.Bucket) {
	for i, fault := range []Fault{Failed, FailedButHappened} {
		key := fmt.Sprintf("k/%d", i)
		b := &Faulty{Bucket: inner, Next: Once(fault)}
		if _, err := b.Put(t.Context(), key, strings.NewReader("text")); !errors.Is(err, ErrInjected) {
			t.Fatalf("fault %v: first put gave %v", fault, err)
		}
		if fault == Failed {
			wantMissing(t, inner, key)
		} else {
			wantText(t, inner, key, "text")
		}
		mustPut(t, b, key, "text")
		wantText(t, inner, key, "text")
	}
	wantKeys(t, inner, "", "k/0", "k/1")
}

func deleteAgain(t *testing.T, inner blob.Bucket) {
	for i, fault := range []Fault{Failed, FailedButHappened} {
		key := fmt.Sprintf("k/%d", i)
		mustPut(t, inner, key, "text")
		b := &Faulty{Bucket: inner, Next: Once(fault)}
		if err := b.Delete(t.Context(), key); !errors.Is(err, ErrInjected) {
			t.Fatalf("fault %v: first delete gave %v", fault, err)
		}
		if err := b.Delete(t.Context(), key); err != nil {
			t.Fatalf("fault %v: delete again: %v", fault, err)
		}
		wantMissing(t, inner, key)
	}
}

func deletes(t *testing.T, b blob.Bucket) {
	mustPut(t, b, "d/a", "1")
	mustPut(t, b, "d/b", "2")
	if err := b.Delete(t.Context(), "d/a"); err != nil {
		t.Fatal(err)
	}
	wantMissing(t, b, "d/a")
	wantText(t, b, "d/b", "2")
	mustPut(t, b, "d/a", "again")
	wantText(t, b, "d/a", "again")
}

func outlives(t *testing.T, b blob.Bucket) {
	mustPut(t, b, "k", "first")
	r, _, err := b.Open(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	mustPut(t, b, "k", "second, longer")
	if err := b.Delete(t.Context(), "k"); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r); err != nil || string(got) != "first" {
		t.Errorf("read %q, %v; want what was opened", got, err)
	}
}

func seeks(t *testing.T, b blob.Bucket) {
	mustPut(t, b, "k", "0123456789")
	r, _, err := b.Open(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if n, err := r.Seek(-3, io.SeekEnd); err != nil || n != 7 {
		t.Fatalf("seek: %d, %v", n, err)
	}
	if got, err := io.ReadAll(r); err != nil || string(got) != "789" {
		t.Fatalf("read %q, %v", got, err)
	}
	if _, err := r.Seek(2, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r); err != nil || string(got) != "23456789" {
		t.Fatalf("read %q, %v", got, err)
	}
}

func lists(t *testing.T, b blob.Bucket) {
	wantKeys(t, b, "")
	all := []string{"a/1", "a/2", "a/b/3", "ab/4", "c"}
	for _, k := range all {
		mustPut(t, b, k, k)
	}
	wantKeys(t, b, "", all...)
	wantKeys(t, b, "a", "a/1", "a/2", "a/b/3", "ab/4")
	wantKeys(t, b, "a/", "a/1", "a/2", "a/b/3")
	wantKeys(t, b, "a/b", "a/b/3")
	wantKeys(t, b, "a/b/3", "a/b/3")
	wantKeys(t, b, "z")
	wantKeys(t, b, "../")
	err := b.List(t.Context(), "a/b", func(_ string, info blob.Info) error {
		if info.Size != 5 || info.ModTime.IsZero() {
			t.Errorf("listed as %+v", info)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func listStops(t *testing.T, b blob.Bucket) {
	for i := range 5 {
		mustPut(t, b, fmt.Sprintf("k%d", i), "x")
	}
	stop := errors.New("enough")
	calls := 0
	err := b.List(t.Context(), "", func(string, blob.Info) error {
		calls++
		return stop
	})
	if !errors.Is(err, stop) || calls != 1 {
		t.Errorf("list gave %v after %d calls, want the caller's error after one", err, calls)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.List(ctx, "", func(string, blob.Info) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("list with an ended context: %v", err)
	}
}

func manyWriters(t *testing.T, b blob.Bucket) {
	const size = 200_000
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			if _, err := b.Put(t.Context(), "k/one", bytes.NewReader(bytes.Repeat([]byte{byte('a' + i)}, size))); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	r, info, err := b.Open(t.Context(), "k/one")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	got, err := io.ReadAll(r)
	if err != nil || len(got) != size || info.Size != size {
		t.Fatalf("%d bytes (%v), want %d", len(got), err, size)
	}
	if !bytes.Equal(got, bytes.Repeat(got[:1], size)) {
		t.Error("the blob is a mixture of two writes")
	}
	wantKeys(t, b, "", "k/one")
}
