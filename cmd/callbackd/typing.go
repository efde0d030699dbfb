package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"

	"callbackd"
	"callbackd/rehearsal"
)

// maxTyped bounds a typed line, in bytes.
const maxTyped = 4 << 10

// lines are the lines of a reader, until it ends. A terminal cannot be woken from
// reading, so nobody waits for the goroutine: it ends with the program.
func lines(r io.Reader) <-chan string {
	out := make(chan string)
	go func() {
		defer close(out)
		in := bufio.NewScanner(r)
		in.Buffer(nil, maxTyped)
		for in.Scan() {
			out <- in.Text()
		}
	}()
	return out
}

// typing lets a person at the terminal be one of the crowd: what they type is
// sent, and a QR's address that they paste is scanned.
func (s *stage) typing(ctx context.Context, in io.Reader, out io.Writer) error {
	if in == nil {
		<-ctx.Done()
		return nil
	}
	me := s.crowd[0]
	c, _ := s.account.Contact(me)
	fmt.Fprintf(out, "  你是 · you are:  %s\n  打一行字、回车，就是这位关注者在微信里发给公众号；墙上「提醒我」的验证码也这样发，再回 1。\n"+
		"  A line that you type is sent by this follower; so is the code of \"Notify me\" on the wall, and then 1.\n\n", c.Profile.Nickname)
	typed := lines(in)
	for {
		select {
		case <-ctx.Done():
			return nil
		case line, more := <-typed:
			if !more {
				typed = nil
				continue
			}
			if line = strings.TrimSpace(line); line != "" {
				fmt.Fprintln(out, s.say(ctx, me, line))
			}
		}
	}
}

// say sends a line, or scans what it names, and tells what came back.
func (s *stage) say(ctx context.Context, me callbackd.FakeID, line string) string {
	var v rehearsal.Verdict
	var err error
	if strings.Contains(line, "//weixin.qq.com/q/") {
		var e rehearsal.Event
		if e, err = s.account.ScanCode(me, line); err == nil {
			v, err = s.account.PushEvent(ctx, e, rehearsal.SendOptions{})
		}
	} else {
		_, v, err = s.account.Push(ctx, rehearsal.Message{From: me, Type: rehearsal.TypeText, Content: line}, rehearsal.SendOptions{})
	}
	switch {
	case err != nil:
		return "✗ " + oneLine(err)
	case v.Reply != nil && v.Reply.Content != "":
		return "公众号 · the account: " + v.Reply.Content
	}
	return "→ " + string(v.Outcome)
}
