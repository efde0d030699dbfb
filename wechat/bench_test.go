package wechat

import (
	"testing"

	"callbackd"
)

func benchmarkOpen(b *testing.B, m callbackd.Mode) {
	acc := testAccount(m)
	q, body := newSender().request(m, textPush("<![CDATA[你好，春晚现场的朋友们😀/::)]]>"))
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, err := Open(acc, q, body, noon); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpenPlain(b *testing.B)      { benchmarkOpen(b, callbackd.ModePlain) }
func BenchmarkOpenCompatible(b *testing.B) { benchmarkOpen(b, callbackd.ModeCompatible) }
func BenchmarkOpenSafe(b *testing.B)       { benchmarkOpen(b, callbackd.ModeSafe) }

// BenchmarkOpenSafeAnswered is a whole callback: opened, keyed, answered by a
// sealed text.
func BenchmarkOpenSafeAnswered(b *testing.B) {
	acc := testAccount(callbackd.ModeSafe)
	q, body := newSender().request(acc.Mode, textPush("<![CDATA[你好]]>"))
	b.ReportAllocs()
	for b.Loop() {
		p, err := Open(acc, q, body, noon)
		if err != nil {
			b.Fatal(err)
		}
		_ = p.Key()
		if _, err := p.Seal(TextReply(p, "收到", noon), noon); err != nil {
			b.Fatal(err)
		}
	}
}
