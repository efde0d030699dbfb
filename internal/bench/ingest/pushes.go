package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"callbackd"
	"callbackd/rehearsal"
)

// callbackPath is the path of every push; the account is named after the bench.
const callbackPath = "/callback/" + slug

const slug = "ingest"

// seed makes account and crowd the same in every run.
const seed = 1

// pusher prepares pushes of an account's followers.
type pusher struct {
	account *rehearsal.Account
	people  []callbackd.OpenID
	draw    *rand.Rand
	next    uint64 // counts messages
}

func newPusher(senders int) (*pusher, error) {
	account, err := rehearsal.New(rehearsal.Options{Seed: seed}).
		AddAccount(rehearsal.AccountConfig{Slug: slug, Name: "春晚现场", Mode: callbackd.ModeSafe})
	if err != nil {
		return nil, err
	}
	p := &pusher{account: account, draw: rand.New(rand.NewPCG(seed, seed))}
	for i := range senders {
		p.people = append(p.people, callbackd.OpenID(fmt.Sprintf("oBench%022d", i)))
	}
	return p, nil
}

// known are the people whose profile the server has read before.
func (p *pusher) known() []callbackd.OpenID {
	var out []callbackd.OpenID
	for i, id := range p.people {
		if i%2 == 0 {
			out = append(out, id)
		}
	}
	return out
}

// prepare returns whole HTTP requests, each a new message with a fresh nonce
// and a present timestamp: 70 % text, 15 % voices, 15 % pictures.
func (p *pusher) prepare(n int) ([][]byte, error) {
	out := make([][]byte, n)
	for i := range out {
		prepared, err := p.account.Prepare(p.account.Payload(p.record()), rehearsal.PrepareOptions{})
		if err != nil {
			return nil, err
		}
		r, err := prepared.Request(context.Background(), "http://callbackd.test"+callbackPath)
		if err != nil {
			return nil, err
		}
		var b bytes.Buffer
		if err := r.Write(&b); err != nil {
			return nil, err
		}
		out[i] = b.Bytes()
	}
	return out, nil
}

// lines are what people say, a few times over in one message.
var lines = []string{"新年快乐！", "大家好，我在现场", "今晚的节目真好看", "给家里人拜年了", "第一次来，请多关照", "哈哈哈哈", "Happy New Year!", "一等奖是我的吗？"}

func (p *pusher) record() rehearsal.Record {
	p.next++
	now := time.Now()
	r := rehearsal.Record{OpenID: p.people[p.draw.IntN(len(p.people))], MsgID: uint64(now.Unix())<<32 | p.next,
		Times: rehearsal.Times{CreatedAt: now.Truncate(time.Second)}}
	switch k := p.draw.IntN(100); {
	case k < 70:
		r.Type = rehearsal.TypeText
		r.Content = strings.Repeat(lines[p.draw.IntN(len(lines))], 1+p.draw.IntN(3))
	case k < 85:
		r.Type, r.MediaID = rehearsal.TypeVoice, p.mediaID()
	default:
		r.Type, r.MediaID = rehearsal.TypeImage, p.mediaID()
		r.PicURL = fmt.Sprintf("http://mmbiz.qpic.cn/mmbiz_jpg/%064x/0", p.next)
	}
	return r
}

func (p *pusher) mediaID() string { return fmt.Sprintf("bench-%058d", p.next) }
